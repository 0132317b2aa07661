"""Every route that there is, asked by everybody with bodies that nobody should send.

What comes back is never a fault of ours, always in the form of the contract, and what a stranger
asks for changes nothing.
"""

import itertools
import json
import secrets
import socket
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import yarl

from tests.support import customers, modes, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

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

# It ends with the token.
ENDLESS = "/api/audit/stream"


async def _routes(system: System, session: aiohttp.ClientSession) -> list[tuple[str, str]]:
    async with session.get(f"{system.base_url}/schema/openapi.json") as answer:
        schema = await answer.json()
    found = [
        (method.upper(), path)
        for path, methods in schema["paths"].items()
        if path not in modes.SWITCHES
        for method in methods
        if not path.startswith(("/api/auth", "/api/webhooks", "/schema", ENDLESS))
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
    system: System,
    headers: dict[str, str],
    booking: str,
    flight: str,
    bodies: tuple[Any, ...],
) -> dict[tuple[str, str], set[int]]:
    """Thousands of requests: with aiohttp, which costs the test a fraction of what httpx does."""
    statuses: dict[tuple[str, str], set[int]] = {}
    async with aiohttp.ClientSession() as session:
        for (method, path), body in itertools.product(await _routes(system, session), bodies):
            if method == "GET" and body is not None:
                continue
            target = yarl.URL(system.base_url + _named(path, booking, flight), encoded=True)
            sent = {**headers, "Idempotency-Key": secrets.token_hex(8)}
            if body is not None:
                sent["Content-Type"] = "application/json"
            content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
            async with session.request(method, target, data=content, headers=sent) as answer:
                text = (await answer.read()).decode("utf-8", "replace")
            try:
                _assert_in_form(answer.status, text)
            except AssertionError as error:
                error.add_note(f"{method} {path} {body!r}: {answer.status} {text}")
                raise
            statuses.setdefault((method, path), set()).add(answer.status)
    return statuses


async def _state(
    system: System, customer: Customer, booking: str
) -> tuple[list[str], dict[str, Any]]:
    return stored_log.tags(system.owner_dsn, booking), await customer.booking(booking)


async def test_a_stranger_sees_and_changes_nothing_whatever_is_sent(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=9)
    booking = (await customer.confirmed([flight], party=("ADT", "ADT")))["id"]
    before = await _state(system, customer, booking)
    stranger = await customers.register(client)
    for headers in (stranger.headers, {}, {"Authorization": "Bearer e30.e30.AA"}):
        reported = await _ask_all(system, headers, booking, flight, ODD)
        for (_, path), statuses in reported.items():
            if "{booking_id}" in path or "/admin/" in path or "/ledger/" in path:
                assert statuses <= {400, 401, 403, 404, 422, 429}, (path, statuses)
    assert await _state(system, customer, booking) == before
    stored_log.assert_invariants(system.owner_dsn)


async def test_invalid_bodies_of_the_owner_and_of_staff_are_answered_with_the_reason(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    for role in (None, "gate", "support", "ops", "finance", "auditor"):
        flight = running_system.schedule(system, seats=9)
        booking = (await customer.confirmed([flight], party=("ADT", "ADT")))["id"]
        asking = customer if role is None else await customers.staff(system, client, role)
        await _ask_all(system, asking.headers, booking, flight, ODD)
    stored_log.assert_invariants(system.owner_dsn)


async def test_odd_names_of_things_are_not_found_rather_than_a_fault(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    ops = await customers.staff(system, client, "ops")
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
        for headers in (customer.headers, finance.headers, ops.headers):
            reported = await _ask_all(system, headers, name, name, (None, {"reason": "x"}))
            for (_, path), statuses in reported.items():
                if "{booking_id}" in path or "{flight_id}" in path:
                    assert statuses <= {400, 401, 403, 404, 405, 414, 422}, (path, name, statuses)


def test_an_endless_header_line_costs_the_web_process_no_memory(system: System) -> None:
    web = Path(f"/proc/{running_system.process(system, 'web').pid}/statm")
    before = _resident_pages(web)
    url = httpx.URL(system.base_url)
    assert url.port is not None
    with socket.create_connection((url.host, url.port), timeout=30) as talk:
        talk.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\nX-Endless: ")
        try:
            for _ in range(1_000):
                talk.sendall(b"x" * 100_000)
        except ConnectionError:
            pass
        else:
            raise AssertionError("a hundred megabytes of one header were taken")
    assert _resident_pages(web) - before < 5_000


def _resident_pages(statm: Path) -> int:
    return int(statm.read_text().split()[1])
