"""Seats that were paid for as extras: assigned with the hold, replaced or refunded when lost."""

from collections.abc import Container, Iterable

from application.booking import journey, letters, seat_needs
from application.commands.context import DecisionContext
from application.pricing.seat_extras import category_of
from domain.booking import cancellation, states
from domain.booking import seats as booking_seats
from domain.booking.coupons import Coupon, CouponStatus, Extra
from domain.booking.state import Booking
from domain.booking.values import SeatChoice
from domain.inventory import rejections, seat_map, seating
from domain.inventory.state import FlightStatus
from domain.ledger import carriage
from domain.ledger.carriage import Value
from domain.pricing.extras import is_seat


def sold_seats(booking: Booking, segment: int) -> tuple[Extra, ...]:
    """Return the seats of this flight that passengers who are not on board yet have paid for."""
    return tuple(
        each
        for each in booking.extras
        if each.segment == segment
        and is_seat(each.code)
        and (coupon := booking.coupon(each.passenger, segment)) is not None
        and coupon.status in {CouponStatus.OPEN, CouponStatus.CHECKED_IN}
    )


def assign(context: DecisionContext, booking_id: str, segment: int) -> None:
    """Assign a seat to each passenger who pays for one on the segment and chose none.

    Rejects SeatsUnavailable.
    """
    booking = journey.load(context, booking_id)
    for extra in sold_seats(booking, segment):
        coupon = booking.coupon(extra.passenger, segment)
        if coupon is not None and coupon.seat is None and not give(context, booking_id, extra):
            flight = journey.load_flight(context, booking.segments[segment].flight)
            raise rejections.SeatsUnavailable(flight=flight.number, free=0, extra=extra.code)


def restore(
    context: DecisionContext,
    booking_id: str,
    *,
    reason: str,
    segments: Iterable[int] | None = None,
    passengers: Container[int] | None = None,
) -> int:
    """Give passengers (None: all) who paid for a seat of these segments (None: all) and have none
    of its category another one; return what is refunded for those who get none, in minor units.

    Before tickets are issued nothing is refunded, and while a modification or an order of extras
    pends: the end of each restores the seats again.
    """
    booking = journey.load(context, booking_id)
    lost = [
        extra
        for segment in (range(len(booking.segments)) if segments is None else segments)
        for extra in sold_seats(booking, segment)
        if (passengers is None or extra.passenger in passengers)
        and _is_lost(context, booking_id, extra)
    ]
    left = tuple(extra for extra in lost if not give(context, booking_id, extra))
    if not left or booking.status not in states.TICKETED or booking.awaits_change:
        return 0
    return _refund(context, booking_id, left, reason)


def restore_and_report(context: DecisionContext, booking_id: str, *, reason: str) -> None:
    """Restore the paid seats of all segments, and write to the passengers where any was lost."""
    before = journey.load(context, booking_id)
    refund = restore(context, booking_id, reason=reason)
    if journey.load(context, booking_id) != before:
        context.enqueue(letters.seat_letter(booking_id, refund=refund, now=context.now))


def review_laps(context: DecisionContext, booking_id: str, *, reason: str) -> None:
    """After some of the party have left, seat who has an infant on the lap now where that is safe.

    Who paid for the seat that is given up gets another one of its category, or the money back,
    with a letter.
    """
    booking = journey.load(context, booking_id)
    if booking.status not in states.TICKETED:
        return
    refund, moved = 0, False
    for segment in range(len(booking.segments)):
        exchanged = {
            each.passenger
            for each in booking.open_coupons(segment)
            if each.seat is not None and _exchanged(context, booking_id, each)
        }
        if exchanged:
            moved = True
            refund += restore(
                context, booking_id, reason=reason, segments=[segment], passengers=exchanged
            )
    if moved:
        context.enqueue(letters.seat_letter(booking_id, refund=refund, now=context.now))


def _exchanged(context: DecisionContext, booking_id: str, coupon: Coupon) -> bool:
    """Whether the passenger had to leave the seat, which the flight now has with or without an
    infant.
    """
    booking = journey.load(context, booking_id)
    segment, passenger = coupon.segment, coupon.passenger
    flight = journey.load_flight(context, booking.segments[segment].flight)
    assert coupon.seat is not None
    known = flight.seats.get(coupon.seat)
    if known is None or (known.booking, known.passenger) != (booking_id, passenger):
        return False
    (need,) = seat_needs.needs_of(booking, segment, [passenger])
    if flight.status is not FlightStatus.SCHEDULED or known.infant == need.infant:
        return False
    try:
        seat_needs.assign(context, booking_id, segment=segment, seats=[(passenger, coupon.seat)])
        return False
    except (rejections.SeatNotAllowed, rejections.SeatTaken):
        cabin = booking.segments[segment].cabin
        found = seating.automatic_seats(flight, cabin, [need], booking=booking_id)
    if passenger not in found:
        return False
    choice = SeatChoice(passenger, segment, found[passenger])
    context.record(booking_id, booking_seats.give_seats(booking, seats=(choice,)))
    seat_needs.assign(context, booking_id, segment=segment, seats=[(passenger, found[passenger])])
    return True


def _is_lost(context: DecisionContext, booking_id: str, extra: Extra) -> bool:
    """Whether the flight is to operate, has the booking, and its passenger has no seat of the
    extra's category: a draft chooses seats that it does not hold yet.
    """
    booking = journey.load(context, booking_id)
    segment = booking.segments[extra.segment]
    flight = journey.load_flight(context, segment.flight)
    if flight.status is not FlightStatus.SCHEDULED or flight.allocations.get(booking_id) is None:
        return False
    layout = flight.cabins[segment.cabin].layout
    seat = flight.seat_of(booking_id, extra.passenger)
    if layout is None or seat is None:
        return True
    return seat_map.category(layout, seat) != category_of(extra.code)


def _refund(
    context: DecisionContext, booking_id: str, extras: tuple[Extra, ...], reason: str
) -> int:
    booking = journey.load(context, booking_id)
    value = Value(
        booking.currency,
        ancillary=sum(each.net for each in extras),
        vat=sum(each.vat for each in extras),
    )
    refunded = booking_seats.refund_seat_extras(
        booking,
        extras=extras,
        reason=reason,
        obligation=cancellation.next_obligation(booking, booking_id, value.total),
        entry=carriage.cancellation_entry(
            journey.posted(booking_id, booking, context.now), value=value, fee=0, fee_vat=0
        ),
    )
    context.record(booking_id, refunded)
    return value.total


def give(context: DecisionContext, booking_id: str, extra: Extra) -> bool:
    """Give the passenger of the extra a free seat of its category; False where there is none."""
    booking = journey.load(context, booking_id)
    segment = booking.segments[extra.segment]
    (need,) = seat_needs.needs_of(booking, extra.segment, [extra.passenger])
    seat = seating.free_seat_of(
        journey.load_flight(context, segment.flight),
        segment.cabin,
        need,
        category_of(extra.code),
        booking=booking_id,
    )
    if seat is None:
        return False
    choice = SeatChoice(extra.passenger, extra.segment, seat)
    context.record(booking_id, booking_seats.give_seats(booking, seats=(choice,)))
    seat_needs.assign(context, booking_id, segment=extra.segment, seats=[(extra.passenger, seat)])
    return True
