"""Customers and staff over HTTP: what each does with a booking, and the page where one pays."""

import asyncio
import datetime as dt
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import msgspec
import psycopg

from tests.support import stored_log
from tests.support.running_system import GATE_CLOSED_IN, System
from tests.support.stored_log import WAIT_SECONDS

PASSWORD = "correct horse battery"
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


class Customer(msgspec.Struct, frozen=True):
    """A signed-in account, be it of staff; every verb raises Refused for an answer that is not 2xx.

    The two `send_...` return the answer itself.
    """

    client: httpx.AsyncClient
    headers: dict[str, str]
    email: str = ""

    async def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> dict[str, Any]:
        """The answer's body."""
        answer = await self.client.request(method, path, json=body, headers=self._with_key(key))
        found: dict[str, Any] = answer.json()
        if not answer.is_success:
            raise Refused(answer.status_code, found)
        return found

    def _with_key(self, key: str | None) -> dict[str, str]:
        return {**self.headers, "Idempotency-Key": key or secrets.token_hex(8)}

    async def send_booking(self, flight: str, *, key: str | None = None) -> httpx.Response:
        """Ask for one seat."""
        headers, body = self._with_key(key), booking_body(flight)
        return await self.client.post("/api/bookings", json=body, headers=headers)

    async def send_checkout(self, booking: str, *, key: str | None = None) -> httpx.Response:
        """Ask for a session."""
        path = f"/api/bookings/{booking}/checkout"
        return await self.client.post(path, headers=self._with_key(key))

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> dict[str, Any]:
        """As `call`."""
        return await self.call("POST", path, body, key=key)

    async def on(self, booking: str, action: str, body: Any = None) -> dict[str, Any]:
        """Carry out an action of a booking."""
        return await self.post(f"/api/bookings/{booking}/{action}", body)

    async def booking(self, booking: str) -> dict[str, Any]:
        """The booking as it is now."""
        return await self.call("GET", f"/api/bookings/{booking}")

    async def history(self, booking: str) -> list[dict[str, Any]]:
        """What happened to the booking."""
        found = await self.call("GET", f"/api/bookings/{booking}/history")
        entries: list[dict[str, Any]] = found["entries"]
        return entries

    async def until(self, booking: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The booking once this holds of it."""
        end = time.monotonic() + WAIT_SECONDS
        while True:
            found = await self.booking(booking)
            if holds(found):
                return found
            assert time.monotonic() < end, found
            await asyncio.sleep(0.05)

    async def becomes(self, booking: str, status: str) -> dict[str, Any]:
        """The booking once it has this status."""
        return await self.until(booking, lambda found: found["status"] == status)

    async def reserved(
        self,
        flights: Sequence[str],
        *,
        party: Sequence[str] = ("ADT",),
        mode: str = "hold",
        cabin: str = "economy",
        extras: Sequence[dict[str, Any]] = (),
        seats: Sequence[dict[str, Any]] = (),
        phone: str | None = None,
    ) -> dict[str, Any]:
        """A quoted journey, booked."""
        wanted = {
            "flightIds": list(flights),
            "passengers": [{"type": kind} for kind in party],
            "cabin": cabin,
            "extras": list(extras),
            "seats": list(seats),
        }
        passengers = [
            {
                "firstName": f"Noura{'abcdefghi'[number]}",
                "lastName": "Alharbi",
                "type": kind,
                "birthDate": birth_date(kind),
            }
            for number, kind in enumerate(party)
        ]
        body = {
            "quoteId": (await self.post("/api/quotes", wanted))["quoteId"],
            "passengers": passengers,
            "contact": {"email": "noura@example.com", **({"phone": phone} if phone else {})},
            "mode": mode,
        }
        return await self.post("/api/bookings", body)

    async def pay(self, booking: str, *, button: str = "pay") -> None:
        """Check out and press a button on Stripe's page."""
        session = await self.on(booking, "checkout")
        assert await press(session["checkoutUrl"], button) in {200, 303, 402}

    async def confirmed(
        self, flights: Sequence[str], *, party: Sequence[str] = ("ADT",), **more: Any
    ) -> dict[str, Any]:
        """Booked, paid and ticketed."""
        booking = await self.reserved(flights, party=party, **more)
        await self.pay(booking["id"])
        return await self.becomes(booking["id"], "confirmed")

    async def cancelled(
        self, booking: str, part: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Quote and cancel: the quote, and the booking right after."""
        quote = await self.on(booking, "cancellation-quote", part or {})
        return quote, await self.on(booking, "cancel", {"quoteId": quote["quoteId"]})

    async def let_depart(self, flight: str) -> None:
        """As operations: bring the departure forward to when the gate is closed, then let it go."""
        known = await self.call("GET", f"/api/admin/flights/{flight}")
        departs, arrives = (
            dt.datetime.fromisoformat(known[name]) for name in ("departureTime", "arrivalTime")
        )
        departs_at = dt.datetime.now(dt.UTC) + GATE_CLOSED_IN
        times = {
            "departureTime": departs_at.isoformat(),
            "arrivalTime": (departs_at + (arrives - departs)).isoformat(),
            "reason": "slot improved",
        }
        await self.post(f"/api/admin/flights/{flight}/reschedule", times)
        await self.post(f"/api/admin/flights/{flight}/depart")


def birth_date(kind: str) -> str | None:
    """A birth date that gives the type on all days of the next months; None for an adult."""
    if kind == "ADT":
        return None
    days = 200 if kind == "INF" else 6 * 365
    return (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days)).isoformat()


def booking_body(flight: str, *, passengers: int = 1) -> dict[str, Any]:
    """Adults on a flight."""
    return {
        "flightId": flight,
        "passengers": [
            {"firstName": "Noura", "lastName": f"Alharbi{'abcdefghi'[number]}", "type": "ADT"}
            for number in range(passengers)
        ],
        "contact": {"email": "noura@example.com"},
    }


async def listed(system: System, caller: Customer, path: str) -> dict[str, Any]:
    """What a list contains of all that happened before; lists follow the log a moment later."""
    await asyncio.to_thread(stored_log.assert_read_models_follow, system.owner_dsn)
    return await caller.call("GET", path)


async def register(client: httpx.AsyncClient) -> Customer:
    """Register a fresh account and sign in."""
    account = {"email": f"t{secrets.token_hex(6)}@example.com", "password": PASSWORD}
    made = await client.post("/api/auth/register", json=account)
    assert made.status_code == 201, made.text
    return await _sign_in(client, account)


async def signed_in_again(customer: Customer) -> Customer:
    """The same customer with a fresh token: one is valid for a quarter of an hour."""
    return await _sign_in(customer.client, {"email": customer.email, "password": PASSWORD})


async def staff(
    system: System, client: httpx.AsyncClient, role: str, *, second: bool = False
) -> Customer:
    """Sign in as staff of this role; of finance there are two."""
    found = [each for each in system.staff if each.role == role][1 if second else 0]
    return await _sign_in(client, {"email": found.email, "password": found.password})


async def fresh_staff(system: System, client: httpx.AsyncClient, role: str) -> Customer:
    """Sign in with an account of its own: wrong passwords lock the demo's for all tests."""
    fresh = await register(client)
    me = (await client.get("/api/auth/me", headers=fresh.headers)).json()["id"]
    with psycopg.connect(system.owner_dsn) as connection:
        connection.execute("UPDATE identity.app_user SET role = %s WHERE id = %s", (role, me))
    return await signed_in_again(fresh)


async def _sign_in(client: httpx.AsyncClient, account: dict[str, str]) -> Customer:
    answer = await client.post("/api/auth/mobile-login", json=account)
    assert answer.status_code == 200, answer.text
    token = answer.json()["accessToken"]
    return Customer(client, {"Authorization": f"Bearer {token}"}, account["email"])


async def press(checkout_url: str, button: str, *, card: str | None = None) -> int:
    """Press pay or decline on Stripe's page; returns the status of its answer.

    `card` is one of Stripe's test cards, else one that pays or is declined as the button says.
    """
    form = {} if card is None else {"card": card}
    async with httpx.AsyncClient(verify=False, timeout=30) as browser:
        return (await browser.post(f"{checkout_url}/{button}", data=form)).status_code
