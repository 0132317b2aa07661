"""The sale: draft, hold or waitlist, payment, tickets; and what a party and a journey may be."""

import datetime as dt
import itertools
from collections.abc import Collection, Sequence
from typing import Literal, assert_never

from msgspec.structs import replace

from domain.booking import extras, modification, rejections, states
from domain.booking.coupons import Coupon, Extra
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
    SaleEvent,
)
from domain.booking.preconditions import (
    Situation,
    passes,
    require_amount_due,
    require_no_granted_refund,
    require_step,
)
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.booking.values import ExtraDocument, Ticket
from domain.kernel import entries, ids, money
from domain.pricing.price import Leg, PassengerType

# A record locator holds at most nine passengers; more is a group.
PASSENGER_LIMIT = 9
# Tickets have four coupons (IATA); longer journeys need conjunction tickets.
SEGMENT_LIMIT = 4
# Two drafts that agree in these fields are the same draft.
DRAFT_FIELDS = ("owner", "segments", "passengers", "contact", "price")


def require_valid_party(passengers: Sequence[PassengerType]) -> None:
    """At least one adult, no more infants than adults, nine at most; otherwise InvalidParty."""
    adults = passengers.count("ADT")
    if not 0 < len(passengers) <= PASSENGER_LIMIT:
        raise rejections.InvalidParty(reason="count", limit=PASSENGER_LIMIT)
    if adults == 0:
        raise rejections.InvalidParty(reason="adult_missing")
    if passengers.count("INF") > adults:
        raise rejections.InvalidParty(reason="infant_without_lap")


def require_valid_journey(
    flights: Sequence[tuple[str, Leg]],
    *,
    surface_sectors: Collection[int] = (),
    field: str = "flightIds",
) -> None:
    """One to four different flights by name, each from where and after the one before arrives;
    otherwise InvalidJourney about the field. Segments in `surface_sectors` may depart from
    elsewhere.
    """
    if not 0 < len(flights) <= SEGMENT_LIMIT:
        raise rejections.InvalidJourney(field=field, reason="count", limit=SEGMENT_LIMIT)
    if len({name for name, _ in flights}) != len(flights):
        raise rejections.InvalidJourney(field=field, reason="same_flight_twice")
    for index, ((_, before), (name, leg)) in enumerate(itertools.pairwise(flights), start=1):
        if leg.departs_at < before.arrives_at:
            raise rejections.InvalidJourney(
                field=field, reason="departs_before_arrival", flight=name
            )
        if leg.origin != before.destination and index not in surface_sectors:
            raise rejections.InvalidJourney(
                field=field,
                reason="does_not_join",
                flight=name,
                arrives=before.destination,
                departs=leg.origin,
            )


def require_not_expired(booking: Booking, *, now: dt.datetime) -> None:
    """The deadline of the draft, waitlist place or hold has not passed."""
    if booking.status is Status.EXPIRED:
        raise rejections.BookingHasExpired()
    if booking.hold_until is None or now >= booking.hold_until:
        raise rejections.BookingHasExpired()


def require_hold(booking: Booking, *, now: dt.datetime) -> None:
    """Only a draft may request seats; a waitlisted booking is offered them."""
    if booking.status is not Status.INITIATED:
        raise rejections.TransitionRefused(before=booking.status, after=Status.RESERVED)
    require_not_expired(booking, now=now)


def require_checkout(booking: Booking, *, now: dt.datetime) -> None:
    """The price, an accepted modification or ordered extras are due and may still be paid."""
    if booking.awaits_change and booking.status in states.TICKETED:
        if booking.modification_paid:
            raise rejections.NothingDue()
        if booking.modification_until is None or now >= booking.modification_until:
            raise rejections.BookingHasExpired()
        return
    if booking.status is Status.EXPIRED:
        raise rejections.BookingHasExpired()
    if booking.status not in states.UNPAID - {Status.INITIATED}:
        raise rejections.NothingDue()
    require_not_expired(booking, now=now)


def is_hold_running(booking: Booking, *, now: dt.datetime) -> bool:
    """Whether the seats of an unpaid booking are still held."""
    return booking.hold_until is not None and now < booking.hold_until


def initiate(booking: Booking | None, *, draft: BookingInitiated) -> list[BookingEvent]:
    """Open a draft; the same draft again has no effect, another one is LocatorTaken."""
    if booking is None:
        return [draft]
    fresh = initiated(draft)
    if any(getattr(booking, name) != getattr(fresh, name) for name in DRAFT_FIELDS):
        raise rejections.LocatorTaken()
    return []


def reserve(
    booking: Booking, *, hold_until: dt.datetime, now: dt.datetime | None = None
) -> list[BookingEvent]:
    """The seats are held; the caller holds them on every flight in the same append.

    `now` is required where the deadline of a draft or an offer matters.
    """
    if booking.status is Status.RESERVED:
        return []
    require_step(booking, Status.RESERVED)
    if now is not None:
        require_not_expired(booking, now=now)
    return [BookingReserved(hold_until=hold_until)]


def join_waitlist(booking: Booking, *, waits_until: dt.datetime) -> list[BookingEvent]:
    """No seats are free: the caller adds the booking to the waitlist of every flight in the same
    append.
    """
    if booking.status is Status.PENDING:
        return []
    require_step(booking, Status.PENDING)
    return [BookingWaitlisted(waits_until=waits_until)]


def fail_payment(booking: Booking, *, reason: str) -> list[BookingEvent]:
    """A card was declined: this ends a place on the waitlist, but not a hold."""
    if booking.status is not Status.PENDING:
        return []
    return [BookingPaymentFailed(reason=reason)]


def retry_payment(booking: Booking, *, waits_until: dt.datetime) -> list[BookingEvent]:
    """Return to the waitlist in order to pay again."""
    if booking.status is not Status.PAYMENT_FAILED:
        return []
    return [BookingPaymentRetried(waits_until=waits_until)]


def require_payable(booking: Booking) -> None:
    """Money may pay for the booking, its modification or ordered extras; otherwise
    BookingHasExpired and TransitionRefused.
    """
    if booking.awaits_change and not booking.modification_paid:
        return
    if booking.status is Status.EXPIRED:
        raise rejections.BookingHasExpired()
    require_step(booking, Status.PAID)


def pay(booking: Booking, *, payment: str, captured: money.Money) -> list[BookingEvent]:
    """A payment captured the amount due (B2): the price, or what a modification or extras cost.

    A waitlisted booking takes its seats on the flights in the same append.
    """
    if payment in booking.payments:
        return []
    if booking.modification is not None and not booking.modification_paid:
        return modification.pay(booking, payment=payment, captured=captured)
    if booking.extras_order is not None and not booking.modification_paid:
        return extras.pay(booking, payment=payment, captured=captured)
    require_payable(booking)
    require_amount_due(booking, captured)
    return [BookingPaid(payment=payment, amount=captured)]


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
    require_step(booking, Status.CONFIRMED)
    require_no_granted_refund(booking)
    assert booking.captured == booking.price.total(), "paid means exactly the amount due"
    whole_party = [ticket.passenger for ticket in tickets] == list(range(len(booking.passengers)))
    assert whole_party, "one ticket for each passenger, in order"
    every_extra = [document.extra for document in documents] == list(range(len(booking.extras)))
    assert every_extra, "one document for each extra, in order"
    numbers = [ticket.number for ticket in tickets] + [each.number for each in documents]
    assert all(ids.is_ticket_number(number) for number in numbers)
    assert len(set(numbers)) == len(numbers)
    return [BookingConfirmed(tickets=tickets, entry=entry, documents=documents)]


def expire(booking: Booking, *, reason: str, now: dt.datetime) -> list[BookingEvent]:
    """Expire a draft, waitlist place or hold at its deadline or after; never a paid booking."""
    if booking.status is Status.EXPIRED:
        return []
    require_step(booking, Status.EXPIRED)
    if booking.hold_until is not None and now < booking.hold_until:
        raise rejections.HoldStillRuns(until=booking.hold_until.isoformat())
    return [BookingExpired(reason=reason)]


def evolve(booking: Booking, event: SaleEvent) -> Booking:
    """The booking after the event; the most frequent events come first."""
    match event:
        case BookingReserved():
            return replace(booking, status=Status.RESERVED, hold_until=event.hold_until)
        case BookingPaid():
            return replace(
                booking,
                status=Status.PAID,
                payments=(*booking.payments, event.payment),
                captured=event.amount,
            )
        case BookingConfirmed():
            return _confirmed(booking, event)
        case BookingExpired():
            return replace(booking, status=Status.EXPIRED, disruptions=())
        case BookingWaitlisted():
            return replace(booking, status=Status.PENDING, hold_until=event.waits_until)
        case BookingPaymentFailed():
            return replace(booking, status=Status.PAYMENT_FAILED)
        case BookingPaymentRetried():
            return replace(booking, status=Status.PENDING, hold_until=event.waits_until)
        case _:
            assert_never(event)


def initiated(event: BookingInitiated) -> Booking:
    """The booking that begins with this event."""
    seats = {(choice.passenger, choice.segment): choice.seat for choice in event.seats}
    return Booking(
        status=Status.INITIATED,
        owner=event.owner,
        segments=event.segments,
        passengers=event.passengers,
        contact=event.contact,
        price=event.price,
        coupons=tuple(
            [
                Coupon(
                    passenger=each.passenger,
                    segment=each.segment,
                    fare=each.fare,
                    vat=each.vat,
                    charge=each.charge,
                    charges=each.charges,
                    seat=seats.get((each.passenger, each.segment)),
                )
                for each in event.price.coupons
            ]
        ),
        extras=tuple(
            [
                Extra(each.code, each.passenger, each.segment, each.net, each.vat)
                for each in event.price.extras
            ]
        ),
        hold_until=event.lapses_at,
        documents=(None,) * len(event.passengers),
        sold_names=tuple([passenger.name for passenger in event.passengers]),
    )


def _confirmed(booking: Booking, event: BookingConfirmed) -> Booking:
    numbers = {document.extra: document.number for document in event.documents}
    extras = tuple(
        replace(extra, document=numbers.get(index)) for index, extra in enumerate(booking.extras)
    )
    return replace(booking, status=Status.CONFIRMED, tickets=event.tickets, extras=extras)


SaleAction = Literal["hold", "checkout"]


def is_open(action: SaleAction, booking: Booking, situation: Situation) -> bool:
    """Whether the guard of the action passes now."""
    match action:
        case "hold":
            return passes(require_hold, booking, now=situation.now)
        case "checkout":
            return passes(require_checkout, booking, now=situation.now) and all(
                each.has_seats for each in situation.segments
            )
        case _:
            assert_never(action)
