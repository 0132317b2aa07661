"""Bookings over HTTP that several payers pay together, and the end of a hold that nobody awaits."""

import asyncio
import datetime as dt
from typing import Any

import httpx
import msgspec

from domain.booking.events import BookingExpired, BookingReserved
from domain.inventory.events import CapacityMove, SeatsReleased
from domain.kernel import money
from tests.support import running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

FARES = {"SAR": 40_000, "KWD": 45_000, "JPY": 40_000}
CURRENCIES = sorted(FARES)


class SharedBooking(msgspec.Struct, frozen=True):
    """A held booking of one seat whose price is divided equally; `shares` as they were opened."""

    customer: Customer
    flight: str
    id: str
    payment: str
    shares: list[dict[str, Any]]

    @property
    def links(self) -> list[str]:
        """Stripe's page of each share."""
        return [each["checkoutUrl"] for each in self.shares]

    @property
    def amounts(self) -> list[int]:
        """What each share pays, in minor units."""
        return [each["amount"]["amount"] for each in self.shares]

    async def now(self) -> list[dict[str, Any]]:
        """The shares as their owner sees them."""
        found = await self.customer.call("GET", f"/api/bookings/{self.id}/split-checkout")
        shares: list[dict[str, Any]] = found["shares"]
        return shares

    async def statuses(self) -> list[str]:
        """How far each share is."""
        return [each["status"] for each in await self.now()]

    async def become(self, *statuses: str) -> None:
        """Wait until the shares have these statuses."""
        end = asyncio.get_running_loop().time() + stored_log.WAIT_SECONDS
        while (found := await self.statuses()) != list(statuses):
            assert asyncio.get_running_loop().time() < end, found
            await asyncio.sleep(0.05)


async def shared(
    system: System, customer: Customer, currency: str = "SAR", payers: int = 2, *, seats: int = 5
) -> SharedBooking:
    """A booking, and a session for each payer."""
    flight = running_system.schedule(
        system, seats=seats, currency=currency, fare=FARES[currency], route=("RUH", "JED")
    )
    booking = (await customer.send_booking(flight)).json()
    total = money.Money(booking["total"]["amount"], currency)
    amounts = [each.amount for each in money.split(total, [1] * payers)]
    body = {"shares": amounts, "currency": currency}
    found = await customer.on(booking["id"], "split-checkout", body)
    return SharedBooking(customer, flight, booking["id"], found["paymentId"], found["shares"])


def end_hold(system: System, booking: str, *, after: dt.timedelta = dt.timedelta()) -> None:
    """Bring the end of the hold forward to so long from now; the timer finds it there."""
    until = dt.datetime.now(dt.UTC) + after
    version = len(stored_log.tags(system.owner_dsn, booking)) + 1
    stored_log.append(system.owner_dsn, booking, version, BookingReserved(hold_until=until))


def lapse_unasked(system: System, case: SharedBooking) -> None:
    """The hold ends as when Stripe cannot be reached: its sessions can still be paid."""
    reason = "hold_lapsed_provider_unreachable"
    move = CapacityMove("Y", held=-1, fare_class="Y")
    released = SeatsReleased(booking=case.id, reason=reason, moves=(move,))
    for stream, event in ((case.flight, released), (case.id, BookingExpired(reason=reason))):
        version = len(stored_log.tags(system.owner_dsn, stream)) + 1
        stored_log.append(system.owner_dsn, stream, version, event)


def money_back(system: System, booking: str) -> list[tuple[int, int]]:
    """What each payment of the booking took at Stripe, and what of it went back, as Stripe has it;
    in the order of the payments.
    """
    found = running_system.stripe_list(system, "payment_intents")
    intents = [
        each
        for each in reversed(found)
        if each["metadata"].get("booking") == booking and each["amount_received"]
    ]
    refunds = running_system.stripe_list(system, "refunds")
    return [
        (
            intent["amount_received"],
            sum(
                each["amount"]
                for each in refunds
                if each["payment_intent"] == intent["id"] and each["status"] != "failed"
            ),
        )
        for intent in intents
    ]


async def page_status(link: str) -> int:
    """What Stripe's page of a share answers to its payer's browser."""
    async with httpx.AsyncClient(verify=False, timeout=30) as browser:
        return (await browser.get(link)).status_code
