"""How a booking comes about: draft, seats, money, tickets. An empty list means: already so (B5)."""

import datetime as dt

from domain.booking import guards, rejections
from domain.booking.events import (
    BookingConfirmed,
    BookingEvent,
    BookingExpired,
    BookingInitiated,
    BookingPaid,
    BookingPaymentFailed,
    BookingPaymentRetried,
    BookingReserved,
    BookingWaitlisted,
    ChangePaid,
    ExtraDocument,
    Ticket,
)
from domain.booking.state import Booking, evolve
from domain.booking.states import Status
from domain.kernel import entries, ids, money

DRAFTED = ("owner", "segments", "passengers", "contact", "price")


def initiate(booking: Booking | None, *, draft: BookingInitiated) -> list[BookingEvent]:
    """Open a draft; the same draft again records nothing, another one is refused."""
    if booking is None:
        return [draft]
    fresh = evolve(None, draft)
    if any(getattr(booking, name) != getattr(fresh, name) for name in DRAFTED):
        raise rejections.LocatorTaken()
    return []


def reserve(
    booking: Booking, *, hold_until: dt.datetime, now: dt.datetime | None = None
) -> list[BookingEvent]:
    """The seats are held; the caller holds them on every flight in the same append.

    `now` is given where a draft's or an offer's own deadline matters.
    """
    if booking.status is Status.RESERVED:
        return []
    guards.require_step(booking, Status.RESERVED)
    if now is not None:
        guards.require_running(booking, now=now)
    return [BookingReserved(hold_until=hold_until)]


def wait(booking: Booking, *, waits_until: dt.datetime) -> list[BookingEvent]:
    """No seats now: the caller puts the booking on every flight's waitlist in the same append."""
    if booking.status is Status.PENDING:
        return []
    guards.require_step(booking, Status.PENDING)
    return [BookingWaitlisted(waits_until=waits_until)]


def fail_payment(booking: Booking, *, reason: str) -> list[BookingEvent]:
    """A card was declined: only who holds no seats is moved by it; a hold goes on."""
    if booking.status is not Status.PENDING:
        return []
    return [BookingPaymentFailed(reason=reason)]


def retry_payment(booking: Booking, *, waits_until: dt.datetime) -> list[BookingEvent]:
    """Wait for seats again to pay again."""
    if booking.status is not Status.PAYMENT_FAILED:
        return []
    return [BookingPaymentRetried(waits_until=waits_until)]


def pay(booking: Booking, *, payment: str, captured: money.Money) -> list[BookingEvent]:
    """A payment captured the amount due (B2): the price while seats are kept, or a change's cost.

    A booking that waits for seats takes them on its flights in the same append.
    """
    if payment in booking.payments:
        return []
    if booking.change is not None and not booking.change_paid:
        _require_amount(booking, captured)
        return [ChangePaid(number=booking.change.number, payment=payment, amount=captured)]
    if booking.status is Status.EXPIRED:
        raise rejections.BookingHasExpired()
    guards.require_step(booking, Status.PAID)
    _require_amount(booking, captured)
    return [BookingPaid(payment=payment, amount=captured)]


def _require_amount(booking: Booking, captured: money.Money) -> None:
    due = booking.amount_due()
    if captured != due:
        raise rejections.AmountDiffers(due=due.amount, currency=due.currency)


def confirm(
    booking: Booking,
    *,
    tickets: tuple[Ticket, ...],
    documents: tuple[ExtraDocument, ...],
    entry: entries.Entry,
) -> list[BookingEvent]:
    """Issue the tickets of a paid booking, and the documents of its extras (B3)."""
    if booking.tickets:
        return []
    guards.require_step(booking, Status.CONFIRMED)
    guards.require_kept(booking)
    assert booking.captured == booking.price.total(), "paid means exactly the amount due"
    everybody = [ticket.passenger for ticket in tickets] == list(range(len(booking.passengers)))
    assert everybody, "one ticket for each passenger, in order"
    every_extra = [document.extra for document in documents] == list(range(len(booking.extras)))
    assert every_extra, "one document for each extra, in order"
    numbers = [ticket.number for ticket in tickets] + [each.number for each in documents]
    assert all(ids.is_ticket_number(number) for number in numbers)
    assert len(set(numbers)) == len(numbers)
    return [BookingConfirmed(tickets=tickets, entry=entry, documents=documents)]


def expire(booking: Booking, *, reason: str, now: dt.datetime) -> list[BookingEvent]:
    """Let draft, waiting or hold lapse at its deadline or after; a paid booking never lapses."""
    if booking.status is Status.EXPIRED:
        return []
    guards.require_step(booking, Status.EXPIRED)
    if booking.hold_until is not None and now < booking.hold_until:
        raise rejections.HoldStillRuns(until=booking.hold_until.isoformat())
    return [BookingExpired(reason=reason)]
