"""Reopen a booking's coupons after the departure of its flight was withdrawn."""

import datetime as dt
from collections.abc import Sequence

from application.booking import (
    answer_disruption,
    cancel_booking,
    journey,
    letters,
    paid_seats,
    seat_needs,
)
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import departure_correction, disruption
from domain.booking import seats as booking_seats
from domain.booking.coupons import Coupon
from domain.booking.state import Booking, Closing, Disruption, coupon_key
from domain.booking.values import SeatChoice
from domain.inventory import rejections, seat_sale, seating
from domain.inventory.state import FlightStatus
from domain.kernel import entries
from domain.ledger import carriage

DEPARTURE_WITHDRAWN = "departure_withdrawn"
MISSED_BY_MISTAKE = "missed_by_mistake"


class ReopenFlight(Command, frozen=True):
    """Take back for one booking what the departure of the flight at that instant closed.

    `reason` is the code that operations gave. The answer's ids are the later flights of the
    passengers who are no no-shows any more.
    """

    booking_id: str
    flight_id: str
    departed_at: dt.datetime
    reason: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, ModificationPending and TransitionRefused (a refund of what the
        departure made the airline owe was requested); where nothing was closed, records nothing.
        """
        booking_id = self.booking_id
        booking = journey.load(context, booking_id)
        segment = journey.segment_on(booking, self.flight_id)
        if segment is None:
            return Reply(booking_id)
        closing = departure_correction.closing_of(booking, segment, self.departed_at)
        if closing is None:
            return Reply(booking_id)
        reopened = departure_correction.reopened_coupons(booking, closing)
        withdrawn = departure_correction.withdraw(
            booking,
            closing,
            reason=self.reason,
            entry=carriage.departure_withdrawn_entry(_posted(self, booking, closing)),
            refunding=_is_refunding(context, booking, closing),
        )
        context.record(booking_id, withdrawn)
        for ended in departure_correction.ended_disruptions(booking, closing):
            _offer_again(context, booking_id, ended, self.reason)
        later = sorted({each.segment for each in reopened} - {segment})
        for each in later:
            passengers = {one.passenger for one in reopened if one.segment == each}
            lost = [
                coupon
                for coupon in booking.coupons
                if coupon.segment == each and coupon.passenger in passengers
            ]
            _restore(context, booking_id, each, lost)
        paid_seats.review_laps(context, booking_id, reason=cancel_booking.PARTY_CHANGED)
        flights = [booking.segments[each].flight for each in later]
        return Reply(booking_id, ids={f"later_{n}": flight for n, flight in enumerate(flights, 1)})


def _posted(command: ReopenFlight, booking: Booking, closing: Closing) -> tuple[entries.Entry, ...]:
    """Return the entries of the closing, without what has left for another booking since."""
    left = carriage.flown_entry(
        journey.posted(command.booking_id, booking, command.departed_at),
        value=carriage.Value(
            booking.currency, fare=closing.left_fare, ancillary=closing.left_ancillary
        ),
    )
    gone = None if left is None else carriage.departure_withdrawn_entry((left,))
    return closing.posted if gone is None else (*closing.posted, gone)


def _is_refunding(context: DecisionContext, booking: Booking, closing: Closing) -> bool:
    """Whether a refund was requested of what the departure made the airline owe."""
    payments = context.load_all(stream_kinds.PAYMENT, booking.payments)
    known = [payment for payment in payments.values() if payment is not None]
    requested = {each.obligation for payment in known for each in payment.refunds}
    requested |= {each.obligation for payment in known for each in payment.credit_returns}
    return not requested.isdisjoint(closing.obligations)


def _offer_again(context: DecisionContext, booking_id: str, ended: Disruption, reason: str) -> None:
    """Offer the choices of a disruption that was unanswered when the flight was closed."""
    booking = journey.load(context, booking_id)
    offered = disruption.offer(
        booking,
        segment=ended.segment,
        flight=booking.segments[ended.segment].flight,
        kind=ended.kind,
        reason=reason,
        material=ended.material,
        times=ended.times,
        agreed=ended.agreed,
    )
    context.record(booking_id, offered)


def _restore(
    context: DecisionContext, booking_id: str, segment: int, lost: Sequence[Coupon]
) -> None:
    """Give the passengers of these coupons their later flight again.

    One that has left meanwhile is refunded in full; a cancelled one has its choices by itself.
    """
    booking = journey.load(context, booking_id)
    where = booking.segments[segment]
    flight = journey.load_flight(context, where.flight)
    passengers = tuple(each.passenger for each in lost)
    if flight.status is FlightStatus.DEPARTED:
        _refund(context, booking_id, lost)
        return
    restored = seat_sale.restore_sold(
        flight,
        booking=booking_id,
        cabin=where.cabin,
        fare_class=where.fare_class,
        seat_count=journey.seats_of(booking, lost),
        infants=journey.infants_of(booking, lost),
        reason=DEPARTURE_WITHDRAWN,
    )
    context.record(where.flight, restored)
    flight = journey.load_flight(context, where.flight)
    # Their sequence numbers are not used again: they check in anew.
    context.record(
        where.flight,
        seating.withdraw_check_in(flight, booking=booking_id, passengers=passengers),
    )
    for each in lost:
        _seat_again(context, booking_id, each)
    refund = paid_seats.restore(context, booking_id, reason=DEPARTURE_WITHDRAWN, segments=[segment])
    seats = {coupon_key(each): each.seat for each in journey.load(context, booking_id).coupons}
    if any(seats[coupon_key(each)] != each.seat for each in lost):
        context.enqueue(letters.seat_letter(booking_id, refund=refund, now=context.now))


def _refund(context: DecisionContext, booking_id: str, lost: Sequence[Coupon]) -> None:
    """Refund a later flight that has left without its passengers, with a letter."""
    booking = journey.load(context, booking_id)
    keys = {coupon_key(each) for each in lost}
    coupons = tuple(each for each in booking.open_coupons() if coupon_key(each) in keys)
    answer_disruption.refund(
        context,
        booking_id,
        coupons,
        reason=MISSED_BY_MISTAKE,
        at_gate=True,
        holding_seats=False,
    )


def _seat_again(context: DecisionContext, booking_id: str, coupon: Coupon) -> None:
    """Assign the seat that the passenger had, unless another passenger has it now."""
    booking = journey.load(context, booking_id)
    if coupon.seat is None:
        return
    choice = SeatChoice(coupon.passenger, coupon.segment, coupon.seat)
    try:
        seat_needs.assign(
            context,
            booking_id,
            segment=choice.segment,
            seats=[(choice.passenger, choice.seat)],
        )
    except (rejections.SeatTaken, rejections.SeatUnknown, rejections.SeatNotAllowed):
        return
    context.record(booking_id, booking_seats.give_seats(booking, seats=(choice,)))
