"""Travellers who book, pay and cancel while the system breaks, and what must hold of them after.

What Stripe captured is recorded once and has its tickets or its refund, and each letter is written.
"""

import asyncio
import itertools
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
import psycopg

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

# Not an answer: repeated with the same key.
NO_ANSWER = frozenset({409, 502, 503, 504})
# A worker is known to be gone after a minute; then others take up its letters.
LETTER_SECONDS = 2 * stored_log.WAIT_SECONDS


class Travellers(msgspec.Struct):
    """Travellers who book, pay and cancel until they are stopped; what each has done."""

    customer: Customer
    flight: str
    stopped: bool = False
    paid: list[str] = []
    paid_at: list[float] = []
    cancelled: list[str] = []

    async def travel(self, *, cancels: bool) -> None:
        """Book and pay again and again; `cancels` every one of these bookings."""
        while not self.stopped:
            booking = (await self._post("", customers.booking_body(self.flight)))["id"]
            session = await self._post(f"/{booking}/checkout")
            assert await customers.press(session["checkoutUrl"], "pay") == 303
            self.paid.append(booking)
            self.paid_at.append(time.monotonic())
            if cancels:
                await self._confirmed(booking)
                quote = await self._post(f"/{booking}/cancellation-quote", {})
                await self._post(f"/{booking}/cancel", {"quoteId": quote["quoteId"]})
                self.cancelled.append(booking)

    def longest_pause(self) -> float:
        """Return the longest time in which nobody paid, in seconds."""
        return max((after - at for at, after in itertools.pairwise(self.paid_at)), default=0.0)

    async def _confirmed(self, booking: str) -> None:
        async def read() -> httpx.Response:
            path = f"/api/bookings/{booking}"
            return await self.customer.client.get(path, headers=self.customer.headers)

        async with asyncio.timeout(stored_log.WAIT_SECONDS):
            while True:
                if (await _answered(read))["status"] == "confirmed":
                    return
                await asyncio.sleep(0.05)

    async def _post(self, path: str, body: Any = None) -> dict[str, Any]:
        headers = {**self.customer.headers, "Idempotency-Key": secrets.token_hex(8)}

        async def send() -> httpx.Response:
            url = f"/api/bookings{path}"
            return await self.customer.client.post(url, json=body, headers=headers)

        return await _answered(send)


async def _answered(send: Callable[[], Awaitable[httpx.Response]]) -> dict[str, Any]:
    """Send until a process answers that was not killed meanwhile; the body."""
    async with asyncio.timeout(2 * stored_log.WAIT_SECONDS):
        while True:
            try:
                answer = await send()
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code not in NO_ANSWER:
                assert answer.is_success, answer.text
                found: dict[str, Any] = answer.json()
                return found
            await asyncio.sleep(0.1)


async def more_have_paid(
    travellers: Travellers, travelling: list[asyncio.Task[None]], count: int
) -> None:
    """Wait until so many more have paid; raises what a traveller met."""
    before, end = len(travellers.paid), time.monotonic() + 2 * stored_log.WAIT_SECONDS
    while len(travellers.paid) < before + count:
        for each in travelling:
            if each.done():
                await each
        assert time.monotonic() < end, "no progress"
        await asyncio.sleep(0.02)


async def assert_none_lost(system: System, travellers: Travellers) -> None:
    """At rest, no money, ticket or letter of a traveller is lost, and none is there twice."""
    await asyncio.to_thread(running_system.await_rest, system)
    for booking in travellers.paid:
        wanted = "refunded" if booking in travellers.cancelled else "confirmed"
        await travellers.customer.becomes(booking, wanted)
    await asyncio.to_thread(running_system.await_rest, system)
    _assert_each_payment_once(system, travellers)
    _assert_each_refund_once(system, travellers)
    await _assert_each_letter(system, travellers)
    stored_log.assert_invariants(system.owner_dsn)


def _ours(listed: list[dict[str, Any]], travellers: Travellers) -> list[dict[str, Any]]:
    paid = set(travellers.paid)
    return [each for each in listed if each["metadata"].get("booking") in paid]


def _events(system: System, tag: str, field: str) -> Counter[str]:
    """How often each value of a field is recorded in events of the tag."""
    with psycopg.connect(system.owner_dsn) as connection:
        rows = connection.execute(
            "SELECT convert_from(payload, 'UTF8')::jsonb ->> %s FROM ledger.event WHERE tag = %s",
            (field, tag),
        ).fetchall()
    return Counter(row[0] for row in rows)


def _assert_each_payment_once(system: System, travellers: Travellers) -> None:
    intents = _ours(running_system.stripe_list(system, "payment_intents"), travellers)
    captured = [each for each in intents if each["amount_received"]]
    assert Counter(each["metadata"]["booking"] for each in captured) == Counter(travellers.paid)
    recorded = _events(system, "payment.captured.1", "intent")
    assert {recorded[each["id"]] for each in captured} == {1}
    for booking in travellers.paid:
        assert stored_log.tags(system.owner_dsn, booking).count("booking.confirmed.1") == 1


def _assert_each_refund_once(system: System, travellers: Travellers) -> None:
    made = _ours(running_system.stripe_list(system, "refunds"), travellers)
    assert Counter(each["metadata"]["booking"] for each in made) == Counter(travellers.cancelled)
    for tag in ("requested", "accepted", "settled"):
        recorded = _events(system, f"payment.refund_{tag}.1", "refund")
        assert {recorded[each["metadata"]["refund"]] for each in made} <= {1}, tag
    for booking in travellers.cancelled:
        balances = stored_log.balances(system.owner_dsn, booking)
        assert balances["2100", "SAR"] == 0


async def _assert_each_letter(system: System, travellers: Travellers) -> None:
    """Written, and in the outbox once; a letter that is sent again replaces itself.

    A confirmation that comes to be sent after the cancellation is not written any more. What a
    killed worker had taken is written by another once it is known to be gone.
    """
    with psycopg.connect(system.owner_dsn) as connection:
        rows = connection.execute(
            "SELECT topic, body ->> 'booking_id' FROM ledger.outbox WHERE starts_with(topic, %s)",
            ("mail.",),
        ).fetchall()
    asked = Counter(rows)
    for booking in travellers.paid:
        assert asked["mail.booking_confirmed", booking] == 1
    for booking in travellers.cancelled:
        assert asked["mail.booking_cancelled", booking] == 1
    end = time.monotonic() + LETTER_SECONDS
    while missing := _letters_not_written(system, travellers):
        assert time.monotonic() < end, missing
        await asyncio.sleep(0.2)


def _letters_not_written(system: System, travellers: Travellers) -> list[str]:
    confirmations = [
        f"booking-confirmed-{booking[8:]}.eml"
        for booking in travellers.paid
        if booking not in travellers.cancelled
    ]
    cancellations = [f"booking-cancelled-{booking[8:]}-*.eml" for booking in travellers.cancelled]
    wanted = confirmations + cancellations
    return [each for each in wanted if not list(system.mailbox.glob(each))]
