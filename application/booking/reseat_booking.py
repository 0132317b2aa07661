"""Give an expired booking its seats again, at the price it was sold for, when its money came late.

All of the journey or nothing: what cannot be had again leaves no event.
"""

import datetime as dt
import itertools

from application.booking import journey, letters, seat_needs
from application.commands import stream_kinds
from application.commands.context import DecisionContext, EventsByStream
from application.payment.record_capture import end_live_sessions
from application.policies import operating_rules
from application.policies.rules_now import load_rule
from application.pricing import journeys
from domain.booking import connections, reseating, sale
from domain.booking import rejections as booking_rejections
from domain.booking import seats as booking_seats
from domain.booking.state import Booking
from domain.booking.values import SeatChoice
from domain.inventory import rejections as flight_rejections
from domain.inventory import seat_sale
from domain.inventory.state import Flight
from domain.kernel import ids, money
from domain.payment import captures
from domain.payment.state import Capture, Payment
from domain.policies.operating_values import LateMoney

# The reason for chosen seats that others have taken since.
HOLD_LAPSED = "hold_lapsed"


def reseat(context: DecisionContext, payment_id: str, intent: str) -> bool:
    """Hold the seats again and pay for them with the parked money; False where that cannot be.

    What was paid beyond the price stays parked.
    """
    payment = _payment(context, payment_id)
    captured = payment.capture(intent)
    assert captured is not None
    booking_id = payment.booking
    if captured.is_partly_refunded():
        return False
    if not captured.parked or not _is_price(
        payment_id, booking_id, journey.load(context, booking_id)
    ):
        return False
    try:
        take_seats(
            context,
            booking_id,
            payment_id=payment_id,
            captured=captured.amount,
            paid_at=captured.paid_at or context.now,
        )
    except (
        booking_rejections.AmountDiffers,
        booking_rejections.BookingHasExpired,
        booking_rejections.InvalidJourney,
        booking_rejections.TransitionRefused,
        flight_rejections.CabinNotFound,
        flight_rejections.SalesClosed,
        flight_rejections.SeatsUnavailable,
    ):
        return False
    _pay(context, payment_id, captured)
    end_live_sessions(context, payment_id)
    context.enqueue(letters.ReseatedLetter(booking_id=booking_id, about=intent))
    return True


def take_seats(
    context: DecisionContext,
    booking_id: str,
    *,
    payment_id: str,
    captured: money.Money,
    paid_at: dt.datetime,
) -> None:
    """Hold the seats of an expired booking again, to be paid in the same append.

    Tickets follow as for any paid booking; they give other seats for paid ones that are gone, or
    their price back. Rejects what `require_reseatable` and `_seats` do; then nothing is recorded.
    """
    booking = journey.load(context, booking_id)
    reseating.require_reseatable(
        booking,
        captured=captured,
        paid_at=paid_at,
        within=load_rule(context, LateMoney).reseats,
        now=context.now,
    )
    until = context.now + operating_rules.hold_times(context).hold
    seats = _seats(context, booking_id, booking, until=until)
    reseated = reseating.reseat(booking, payment=payment_id, hold_until=until)
    context.record(booking_id, reseated)
    for flight_id, held in seats.items():
        context.record(flight_id, held)
    _choose_seats(context, booking_id)


def _is_price(payment_id: str, booking_id: str, booking: Booking) -> bool:
    """Whether the money was for the price: a modification that has lapsed is not made up for."""
    return payment_id == ids.payment_stream(booking_id, booking.payment_number())


def _seats(
    context: DecisionContext, booking_id: str, booking: Booking, *, until: dt.datetime
) -> EventsByStream:
    """Return the seats to hold on each flight; records nothing.

    Rejects what `seat_sale.hold` does, and InvalidJourney where a flight was moved materially from
    its published time or misses the next one: it is not what was sold.
    """
    flights = [journey.load_flight(context, each.flight) for each in booking.segments]
    if any(_is_moved(context, each) for each in flights):
        raise booking_rejections.InvalidJourney(reason="flight_moved")
    by = operating_rules.connecting_times(context)
    for before, after in itertools.pairwise([journeys.leg_of(each) for each in flights]):
        connections.require_reachable(before, after, by=by)
    return {
        segment.flight: seat_sale.hold(
            flight,
            booking=booking_id,
            cabin=segment.cabin,
            fare_class=segment.fare_class,
            seat_count=booking.seat_count,
            infants=booking.infant_count,
            until=until,
            limits=operating_rules.sale_limits(context, flight),
            now=context.now,
        )
        for segment, flight in zip(booking.segments, flights, strict=True)
    }


def _is_moved(context: DecisionContext, flight: Flight) -> bool:
    published = flight.scheduled_departs_at or flight.departs_at
    return abs(flight.departs_at - published) >= operating_rules.material_change(context, flight)


def _choose_seats(context: DecisionContext, booking_id: str) -> None:
    """Assign the seats that the passengers had chosen; those that others have now are lost."""
    lost = []
    for coupon in journey.load(context, booking_id).coupons:
        if coupon.seat is None:
            continue
        try:
            chosen = [(coupon.passenger, coupon.seat)]
            seat_needs.assign(context, booking_id, segment=coupon.segment, seats=chosen)
        except (
            flight_rejections.SeatNotAllowed,
            flight_rejections.SeatTaken,
            flight_rejections.SeatUnknown,
        ):
            lost.append(SeatChoice(coupon.passenger, coupon.segment, coupon.seat))
    booking = journey.load(context, booking_id)
    lose = booking_seats.lose_seats(booking, seats=tuple(lost), reason=HOLD_LAPSED)
    context.record(booking_id, lose)


def _pay(context: DecisionContext, payment_id: str, captured: Capture) -> None:
    """Apply the money to the booking; what is beyond the price is parked as such."""
    payment = _payment(context, payment_id)
    booking = journey.load(context, payment.booking)
    due = booking.amount_due()
    context.record(payment_id, captures.apply_parked(payment, intent=captured.intent))
    context.record(payment.booking, sale.pay(booking, payment=payment_id, captured=due))
    surplus = captured.amount - due
    if surplus.amount:
        parked = captures.park(
            _payment(context, payment_id),
            intent=captured.intent,
            reason="overpaid",
            amount=surplus,
            paid_at=captured.paid_at,
        )
        context.record(payment_id, parked)


def _payment(context: DecisionContext, payment_id: str) -> Payment:
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    assert payment is not None
    return payment
