"""What may happen to a booking. An empty list means: already so (B5)."""

import datetime as dt

from domain.booking import rejections, states
from domain.booking.events import (
    BookingConfirmed,
    BookingEvent,
    BookingExpired,
    BookingInitiated,
    BookingPaid,
    BookingReserved,
    Ticket,
)
from domain.booking.state import Booking, evolve
from domain.booking.states import Status
from domain.kernel import entries, ids, money


def initiate(booking: Booking | None, *, draft: BookingInitiated) -> list[BookingEvent]:
    """Open a draft; the same draft again records nothing, another one is refused."""
    if booking is None:
        return [draft]
    fresh = evolve(None, draft)
    drafted = ("owner", "flight", "cabin", "seat_count", "passengers", "contact", "price")
    if any(getattr(booking, name) != getattr(fresh, name) for name in drafted):
        raise rejections.LocatorTaken()
    return []


def reserve(booking: Booking, *, hold_until: dt.datetime) -> list[BookingEvent]:
    """The seats are held; the caller holds them on the flight in the same append."""
    if booking.status is Status.RESERVED:
        return []
    _require_step(booking, Status.RESERVED)
    return [BookingReserved(hold_until=hold_until)]


def pay(booking: Booking, *, payment: str, captured: money.Money) -> list[BookingEvent]:
    """A payment captured the amount due (B2); the seats must still be held."""
    if booking.payment == payment:
        return []
    if booking.status is Status.EXPIRED:
        raise rejections.BookingHasExpired()
    _require_step(booking, Status.PAID)
    if captured != booking.amount_due():
        raise rejections.AmountDiffers(
            due=booking.amount_due().amount, currency=booking.amount_due().currency
        )
    return [BookingPaid(payment=payment, amount=captured)]


def confirm(
    booking: Booking, *, tickets: tuple[Ticket, ...], entry: entries.Entry
) -> list[BookingEvent]:
    """Issue the tickets of a paid booking (B3)."""
    if booking.status is Status.CONFIRMED:
        return []
    _require_step(booking, Status.CONFIRMED)
    assert booking.captured == booking.amount_due(), "paid means exactly the amount due"
    everybody = [ticket.passenger for ticket in tickets] == list(range(len(booking.passengers)))
    assert everybody, "one ticket for each passenger, in order"
    assert all(ids.is_ticket_number(ticket.number) for ticket in tickets)
    assert len({ticket.number for ticket in tickets}) == len(tickets)
    return [BookingConfirmed(tickets=tickets, entry=entry)]


def expire(booking: Booking, *, reason: str, now: dt.datetime) -> list[BookingEvent]:
    """Let the hold lapse at its deadline or after; a paid booking never lapses."""
    if booking.status is Status.EXPIRED:
        return []
    _require_step(booking, Status.EXPIRED)
    if booking.hold_until is not None and now < booking.hold_until:
        raise rejections.HoldStillRuns(until=booking.hold_until.isoformat())
    return [BookingExpired(reason=reason)]


def _require_step(booking: Booking, after: Status) -> None:
    if not states.may_move(booking.status, after):
        raise rejections.TransitionRefused(before=booking.status.value, after=after.value)
