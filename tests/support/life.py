"""A booking's life over HTTP as tests tell it: parties, quotes, changes, the gate, operations."""

import asyncio
import datetime as dt
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import msgspec

from interfaces.cli.demo_stage import Stage
from tests.support import system
from tests.support.system import Traveller

# Check-in closes an hour before; brought forward to GATE_CLOSED_IN the flight moves by less than
# an hour, which is no reason to ask the passengers.
SOON = dt.timedelta(minutes=68)
GATE_CLOSED_IN = dt.timedelta(minutes=10)
PASSPORT = {
    "kind": "passport",
    "number": "A1234567",
    "issuingCountry": "SAU",
    "nationality": "SAU",
    "birthDate": "1990-05-17",
    "sex": "F",
    "expiresOn": "2035-01-01",
}


class Refused(AssertionError):
    """An answer that is not 2xx, where one was expected."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


class Person(msgspec.Struct, frozen=True):
    """Somebody who has signed in; `call` raises Refused for answers that are not 2xx."""

    client: httpx.AsyncClient
    headers: dict[str, str]

    async def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> dict[str, Any]:
        """The answer's body."""
        headers = {**self.headers, "Idempotency-Key": key or secrets.token_hex(8)}
        answer = await self.client.request(method, path, json=body, headers=headers)
        found: dict[str, Any] = answer.json()
        if not answer.is_success:
            raise Refused(answer.status_code, found)
        return found

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> dict[str, Any]:
        """As `call`."""
        return await self.call("POST", path, body, key=key)

    async def booking(self, booking: str) -> dict[str, Any]:
        """As it is now."""
        return await self.call("GET", f"/api/bookings/{booking}")

    async def on(self, booking: str, action: str, body: Any = None) -> dict[str, Any]:
        """An action of a booking."""
        return await self.post(f"/api/bookings/{booking}/{action}", body)


async def staff(stage: Stage, client: httpx.AsyncClient, role: str) -> Person:
    """Staff of this role."""
    account = next(each for each in stage.staff if each.role == role)
    answer = await client.post(
        "/api/auth/mobile-login", json={"email": account.email, "password": account.password}
    )
    return Person(client, {"Authorization": f"Bearer {answer.json()['accessToken']}"})


def person(client: httpx.AsyncClient, traveller: Traveller) -> Person:
    """A traveller."""
    return Person(client, traveller.headers)


async def reserved(
    who: Person,
    flights: Sequence[str],
    *,
    party: Sequence[str] = ("ADT",),
    mode: str = "hold",
    cabin: str = "economy",
    extras: Sequence[dict[str, Any]] = (),
    seats: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """A quoted journey, booked."""
    quote = await who.post(
        "/api/quotes",
        {
            "flightIds": list(flights),
            "passengers": [{"type": kind} for kind in party],
            "cabin": cabin,
            "extras": list(extras),
            "seats": list(seats),
        },
    )
    return await who.post(
        "/api/bookings",
        {
            "quoteId": quote["quoteId"],
            "passengers": [
                {"firstName": f"Noura{'abcdefghi'[number]}", "lastName": "Alharbi", "type": kind}
                for number, kind in enumerate(party)
            ],
            "contact": {"email": "noura@example.com"},
            "mode": mode,
        },
    )


async def pay(who: Person, booking: str, *, button: str = "pay") -> None:
    """Check out and press a button on Stripe's page."""
    session = await who.on(booking, "checkout")
    assert await system.press(session["checkoutUrl"], button) in {200, 303, 402}


async def confirmed(
    who: Person, flights: Sequence[str], *, party: Sequence[str] = ("ADT",), **more: Any
) -> dict[str, Any]:
    """Booked, paid and ticketed."""
    booking = await reserved(who, flights, party=party, **more)
    await pay(who, booking["id"])
    return await until(who, booking["id"], lambda found: found["status"] == "confirmed")


async def until(
    who: Person, booking: str, holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The booking once this holds of it."""
    end = time.monotonic() + system.WAIT_SECONDS
    while True:
        found = await who.booking(booking)
        if holds(found):
            return found
        assert time.monotonic() < end, found
        await asyncio.sleep(0.05)


async def becomes(who: Person, booking: str, status: str) -> dict[str, Any]:
    """The booking once it has this status."""
    return await until(who, booking, lambda found: found["status"] == status)


async def cancelled(
    who: Person, booking: str, part: dict[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Quote and cancel: the quote, and the booking right after."""
    quote = await who.on(booking, "cancellation-quote", part or {})
    return quote, await who.on(booking, "cancel", {"quoteId": quote["quoteId"]})


async def shut(stage: Stage, operations: Person, flight: str) -> None:
    """Bring the departure forward to when the gate is closed, then let it go."""
    now = dt.datetime.now(dt.UTC)
    known = await operations.call("GET", f"/api/admin/flights/{flight}")
    departs_at = now + GATE_CLOSED_IN
    length = dt.datetime.fromisoformat(known["arrivalTime"]) - dt.datetime.fromisoformat(
        known["departureTime"]
    )
    await operations.post(
        f"/api/admin/flights/{flight}/reschedule",
        {
            "departureTime": departs_at.isoformat(),
            "arrivalTime": (departs_at + length).isoformat(),
            "reason": "slot improved",
        },
    )
    await operations.post(f"/api/admin/flights/{flight}/depart")


async def history(who: Person, booking: str) -> list[dict[str, Any]]:
    """What happened to the booking."""
    found = await who.call("GET", f"/api/bookings/{booking}/history")
    entries: list[dict[str, Any]] = found["entries"]
    return entries
