"""Every route that there is, asked by everybody with bodies that nobody should send.

What comes back is never a fault of ours, always in the form of the contract, and what a stranger
asks for changes nothing.
"""

import itertools
import json
import secrets
from typing import Any

import aiohttp
import httpx
import yarl

from interfaces.cli.demo_stage import Stage
from tests.support import life, system
from tests.support.life import Person
from tests.support.system import Traveller

MEMBERS = {"code", "message", "correlationId", "retryable", "details"}
ODD: tuple[Any, ...] = (
    None,
    {},
    [],
    "text",
    7,
    {"passengers": []},
    {"passengers": [-1]},
    {"passengers": [0, 0]},
    {"passengers": [8]},
    {"passengers": "0"},
    {"segment": 3},
    {"segment": -1},
    {"segment": 2**70},
    {"segment": 0.5},
    {"quoteId": ""},
    {"quoteId": "x" * 5_000},
    {"quoteId": "eyJhIjoxfQ"},
    {"quoteId": None},
    {"reason": ""},
    {"reason": "\u0000"},
    {"reason": "a\u202eb" * 50},
    {"choice": "refund"},
    {"choice": "move"},
    {"seats": [{"passenger": 0, "seat": "99Z"}]},
    {"seats": [{"passenger": 0, "seat": "11A"}, {"passenger": 0, "seat": "11B"}]},
    {"passenger": 0, "firstName": "", "lastName": "x"},
    {"passenger": 0, "firstName": "\U0001f600", "lastName": "x"},
    {"flightId": "flight-ZZ1-2020-01-01"},
    {"flightId": "booking-AAAAAA"},
    {"cabin": "first"},
    {"mode": "waitlist"},
    {"amount": 10**30},
    {"amount": -1},
    {"reason": "x", "amount": 1, "status": "paid"},
)


async def _routes(stage: Stage, session: aiohttp.ClientSession) -> list[tuple[str, str]]:
    async with session.get(f"{stage.base_url}/schema/openapi.json") as answer:
        schema = await answer.json()
    found = [
        (method.upper(), path)
        for path, methods in schema["paths"].items()
        for method in methods
        if not path.startswith(("/api/auth", "/api/webhooks", "/schema"))
    ]
    assert len(found) >= 35
    return found


def _named(path: str, booking: str, flight: str) -> str:
    return (
        path.replace("{booking_id}", booking)
        .replace("{flight_id}", flight)
        .replace("{segment}", "0")
        .replace("{passenger}", "0")
        .replace("{form}", "png")
    )


def _assert_in_form(status: int, text: str) -> None:
    if status >= 400:
        body = json.loads(text)
        assert status < 500 or body["code"] == "SERVICE_UNAVAILABLE"
        assert set(body) == MEMBERS
        assert "Traceback" not in text


async def _ask_all(
    stage: Stage,
    headers: dict[str, str],
    booking: str,
    flight: str,
    bodies: tuple[Any, ...],
) -> dict[tuple[str, str], set[int]]:
    """Thousands of requests: with aiohttp, which costs the test a fraction of what httpx does."""
    statuses: dict[tuple[str, str], set[int]] = {}
    async with aiohttp.ClientSession() as session:
        for (method, path), body in itertools.product(await _routes(stage, session), bodies):
            if method == "GET" and body is not None:
                continue
            target = yarl.URL(stage.base_url + _named(path, booking, flight), encoded=True)
            sent = {**headers, "Idempotency-Key": secrets.token_hex(8)}
            if body is not None:
                sent["Content-Type"] = "application/json"
            content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
            async with session.request(method, target, data=content, headers=sent) as answer:
                text = await answer.text()
            try:
                _assert_in_form(answer.status, text)
            except AssertionError as error:
                error.add_note(f"{method} {path} {body!r}: {answer.status} {text}")
                raise
            statuses.setdefault((method, path), set()).add(answer.status)
    return statuses


async def _state(stage: Stage, who: Person, booking: str) -> tuple[list[str], dict[str, Any]]:
    return system.tags(stage.owner_dsn, booking), await who.booking(booking)


async def test_a_stranger_sees_and_changes_nothing_whatever_is_sent(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=9)
    booking = (await life.confirmed(who, [flight], party=("ADT", "ADT")))["id"]
    before = await _state(stage, who, booking)
    stranger = await system.register(client)
    for headers in (stranger.headers, {}, {"Authorization": "Bearer e30.e30.AA"}):
        reported = await _ask_all(stage, headers, booking, flight, ODD)
        for (_, path), statuses in reported.items():
            if "{booking_id}" in path or "/admin/" in path or "/ledger/" in path:
                assert statuses <= {400, 401, 403, 404, 422, 429}, (path, statuses)
    assert await _state(stage, who, booking) == before
    system.assert_invariants(stage.owner_dsn)


async def test_invalid_bodies_of_the_owner_and_of_staff_are_answered_with_the_reason(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    for role in (None, "gate", "support", "ops", "finance", "auditor"):
        flight = system.schedule(stage.owner_dsn, seats=9)
        booking = (await life.confirmed(who, [flight], party=("ADT", "ADT")))["id"]
        headers = who.headers if role is None else (await life.staff(stage, client, role)).headers
        await _ask_all(stage, headers, booking, flight, ODD)
    system.assert_invariants(stage.owner_dsn)


async def test_odd_names_of_things_are_not_found_rather_than_a_fault(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    finance = await life.staff(stage, client, "finance")
    ops = await life.staff(stage, client, "ops")
    for name in (
        "booking-ZZZZZZ",
        "booking-",
        "payment-AAAAAA-1",
        "flight-ZZ1-2020-01-01",
        "%00",
        "..%2f..%2fetc",
        "x" * 600,
        "%F0%9F%98%80",
    ):
        for headers in (traveller.headers, finance.headers, ops.headers):
            reported = await _ask_all(stage, headers, name, name, (None, {"reason": "x"}))
            for (_, path), statuses in reported.items():
                if "{booking_id}" in path or "{flight_id}" in path:
                    assert statuses <= {400, 401, 403, 404, 405, 414, 422}, (path, name, statuses)
