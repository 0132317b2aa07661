"""What travellers do in `bench stripe-away`, before, during and after the outage."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec

from tests.support import customers
from tests.support.customers import Customer

# Travellers who check out at once before the outage: setting up is not what is measured.
TOGETHER = 8
# A process calls Stripe again after a pause of 15 seconds at most, and a call takes up to ten; the
# rest is for a loaded machine.
NOTICED_SECONDS = 60.0


class Plan(msgspec.Struct, frozen=True):
    """How long Stripe is away, for how long calls are watched at least when it is back, and who
    travels: bookings paid during the outage, confirmed before it, paid late, and the seconds
    between new checkouts that are tried meanwhile."""

    outage_seconds: float
    watch_seconds: float = 120.0
    paid: int = 200
    confirmed: int = 40
    late: int = 4
    checkout_every_seconds: float = 5.0


class Checkout(msgspec.Struct, frozen=True):
    """A booking with an open session."""

    booking: str
    session: str
    url: str


class Refusal(msgspec.Struct, frozen=True):
    """A checkout that was tried during the outage: its key, and what it was answered."""

    booking: str
    key: str
    status: int
    code: str
    retryable: bool
    retry_after: str | None

    @property
    def is_documented(self) -> bool:
        """Return whether it is the answer of the contract for a provider that is away."""
        return (
            (self.status, self.code) in {(502, "PROVIDER_ERROR"), (504, "PROVIDER_TIMEOUT")}
            and self.retryable
            and (self.retry_after or "").isdecimal()
        )


class Travellers:
    """All travellers, on one account; `paid_at` is in seconds since the epoch."""

    def __init__(self, customer: Customer, *, stripe_url: str, flights: Sequence[str]) -> None:
        self._customer = customer
        self._attempts_url = f"{stripe_url}/_control/attempts"
        self._flights = flights
        self._number = 0
        self._free = asyncio.Semaphore(TOGETHER)
        self._open: list[Checkout] = []
        self._late: list[Checkout] = []
        self._confirmed: list[str] = []
        self.paid_at: dict[str, float] = {}
        self.cancelled: list[str] = []
        self.refusals: list[Refusal] = []
        self.unexpected: list[str] = []
        self.opened_later = 0

    async def prepare(self, plan: Plan) -> None:
        """Open the checkouts, confirm some bookings, refund some of them, and let some sessions
        expire that will be paid all the same."""
        self._open = await asyncio.gather(*(self._checked_out() for _ in range(plan.paid)))
        before = await asyncio.gather(*(self._checked_out() for _ in range(plan.confirmed)))
        for checkout in before:
            await self._pay(checkout)
        for checkout in before:
            await self._customer.becomes(checkout.booking, "confirmed")
        refunded = [checkout.booking for checkout in before[: plan.confirmed // 4]]
        self._confirmed = [checkout.booking for checkout in before[plan.confirmed // 4 :]]
        for booking in refunded:
            await self._cancel(booking)
        for booking in refunded:
            await self._customer.becomes(booking, "refunded")
        self._late = await asyncio.gather(*(self._checked_out() for _ in range(plan.late)))
        for checkout in self._late:
            await self._attempt(checkout.session, under_way=True)
            await self._customer.cancelled(checkout.booking)
        # Only payments of the outage are measured.
        self.paid_at.clear()

    async def live_through(self, plan: Plan) -> None:
        """Do everything that goes on while Stripe is away, spread over that time."""
        await asyncio.gather(
            self._pay_all(plan.outage_seconds * 0.9),
            self._cancel_all(plan.outage_seconds * 0.9),
            self._try_checkouts(plan),
            self._pay_late(),
        )

    async def come_back(self) -> None:
        """Repeat with its key each checkout that was refused; pay each third."""
        for number, refusal in enumerate(self.refusals):
            answer = await self._repeated(refusal)
            if answer.status_code != 200:
                self.unexpected.append(f"repeated checkout: {answer.status_code} {answer.text}")
                continue
            self.opened_later += 1
            if number % 3 == 0:
                await self._pay(_checkout(refusal.booking, answer.json()))

    async def _repeated(self, refusal: Refusal) -> httpx.Response:
        """Repeat the checkout as its answers ask, while the process may not yet know that Stripe
        is back; return the last answer.
        """
        end = time.monotonic() + NOTICED_SECONDS
        while True:
            answer = await self._customer.send_checkout(refusal.booking, key=refusal.key)
            if answer.status_code == 200 or time.monotonic() >= end:
                return answer
            await asyncio.sleep(float(answer.headers.get("retry-after", "1")))

    async def _checked_out(self) -> Checkout:
        async with self._free:
            booking = await self._reserved()
            return _checkout(booking, await self._customer.on(booking, "checkout"))

    async def _reserved(self) -> str:
        self._number += 1
        made = await self._customer.send_booking(self._flights[self._number % len(self._flights)])
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    async def _pay(self, checkout: Checkout) -> None:
        self.paid_at[checkout.booking] = time.time()
        assert await customers.press(checkout.url, "pay") == 303

    async def _pay_all(self, seconds: float) -> None:
        """Pay the open sessions one after the other; each fifth booking is cancelled then."""
        pause = seconds / max(1, len(self._open))
        for number, checkout in enumerate(self._open):
            began = time.monotonic()
            await self._pay(checkout)
            if number % 5 == 0:
                await self._customer.becomes(checkout.booking, "confirmed")
                await self._cancel(checkout.booking)
            await asyncio.sleep(max(0.0, began + pause - time.monotonic()))

    async def _cancel_all(self, seconds: float) -> None:
        """Cancel the bookings that were confirmed before."""
        for booking in self._confirmed:
            await self._cancel(booking)
            await asyncio.sleep(seconds / len(self._confirmed))

    async def _cancel(self, booking: str) -> None:
        await self._customer.cancelled(booking)
        self.cancelled.append(booking)

    async def _try_checkouts(self, plan: Plan) -> None:
        end = time.monotonic() + plan.outage_seconds * 0.9
        async with asyncio.TaskGroup() as tries:
            while time.monotonic() < end:
                tries.create_task(self._try_checkout())
                await asyncio.sleep(plan.checkout_every_seconds)

    async def _try_checkout(self) -> None:
        booking, key = await self._reserved(), secrets.token_hex(8)
        answer = await self._customer.send_checkout(booking, key=key)
        found: dict[str, Any] = answer.json()
        refusal = Refusal(
            booking=booking,
            key=key,
            status=answer.status_code,
            code=str(found.get("code")),
            retryable=found.get("retryable") is True,
            retry_after=answer.headers.get("retry-after"),
        )
        self.refusals.append(refusal)
        if not refusal.is_documented:
            self.unexpected.append(f"checkout during the outage: {refusal}")

    async def _attempt(self, session: str, **step: bool) -> None:
        """Begin or end a payment, which may end although the session has expired meanwhile."""
        wanted = {"session": session, **step}
        answer = await self._customer.client.post(self._attempts_url, json=wanted)
        assert answer.status_code == 200, answer.text

    async def _pay_late(self) -> None:
        """Pay sessions of cancelled bookings: the money is returned by rule once Stripe is back."""
        for checkout in self._late:
            await self._attempt(checkout.session, finishes=True)


def _checkout(booking: str, opened: dict[str, Any]) -> Checkout:
    return Checkout(booking, session=opened["sessionId"], url=opened["checkoutUrl"])
