"""Close a departed flight for a booking: passengers on board have flown, others are no-shows."""

import datetime as dt

from msgspec.structs import replace

from application.booking import (
    answer_disruption,
    cancel_booking,
    cancellation_fee,
    journey,
    offer_disruption,
    paid_seats,
    settle_unanswered,
)
from application.booking.access import visible_booking
from application.booking.booking_details import BookingDetails, booked_flight, carry_out_and_read
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies import operating_rules
from domain.booking import cancellation, check_in, connections, disruption, rejections, states
from domain.booking.coupons import Coupon
from domain.booking.state import Booking
from domain.inventory.state import Flight, FlightStatus
from domain.ledger import carriage

NO_SHOW = "no_show"
DENIED_BOARDING = "denied_boarding"
LATE_INBOUND = "late_inbound"


@stored_answer_first
async def close_flight(
    ports: BookingPorts, caller: Caller, id_or_reference: str, *, segment: int
) -> BookingDetails:
    """Close a departed flight for this booking now, before the worker does.

    The caller's role was checked already. Rejects BookingNotFound, NoSuchPart, TransitionRefused
    (not departed) and what the command does.
    """
    booking_id, booking = await visible_booking(ports, caller.principal, id_or_reference)
    flight = await booked_flight(ports, booking, segment)
    if flight.status is not FlightStatus.DEPARTED:
        raise rejections.TransitionRefused(reason="flight_has_not_departed")
    command = CloseFlight(booking_id=booking_id, flight_id=booking.segments[segment].flight)
    return await carry_out_and_read(ports, caller, command)


class CloseFlight(Command, frozen=True):
    """Close a departed flight for one booking."""

    booking_id: str
    flight_id: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound and ModificationPending; before departure, records nothing."""
        booking = journey.load(context, self.booking_id)
        flight = journey.load_flight(context, self.flight_id)
        segment = journey.segment_on(booking, self.flight_id)
        if (
            segment is None
            or booking.status not in states.TICKETED
            or flight.status is not FlightStatus.DEPARTED
        ):
            return Reply(self.booking_id)
        lapsed = _close(context, self.booking_id, booking, segment, flight)
        _refund_standby(context, self.booking_id, segment)
        if check_in.lifted_on(booking, segment):
            _offer_missed_connection(context, self.booking_id, segment, flight)
        later = [coupon for coupon in lapsed if coupon.segment != segment]
        journey.return_seats(context, self.booking_id, booking, later, NO_SHOW)
        paid_seats.review_laps(context, self.booking_id, reason=cancel_booking.PARTY_CHANGED)
        return Reply(self.booking_id)


def _refund_standby(context: DecisionContext, booking_id: str, segment: int) -> None:
    """Refund those who were denied boarding for the flight and what is travelled with it, which
    they cannot reach; the rest stays.
    """
    booking = journey.load(context, booking_id)
    denied = {each.passenger for each in check_in.denied_on(booking, segment)}
    if denied:
        joined = settle_unanswered.travelled_from(context, booking, segment)
        coupons = tuple(each for each in joined if each.passenger in denied)
        answer_disruption.refund(context, booking_id, coupons, reason=DENIED_BOARDING, at_gate=True)


def _offer_missed_connection(
    context: DecisionContext, booking_id: str, segment: int, flight: Flight
) -> None:
    """Offer the choices for the rest of the journey where the flight left too late to reach it."""
    booking = journey.load(context, booking_id)
    then = [each.leg for each in journey.facts(context, booking)]
    late = max((flight.departed_at or flight.departs_at) - flight.departs_at, dt.timedelta())
    now = list(then)
    now[segment] = replace(then[segment], arrives_at=then[segment].arrives_at + late)
    if not connections.newly_broken(then, now, by=operating_rules.connecting_times(context)):
        return
    ahead = {each.segment for each in settle_unanswered.travelled_from(context, booking, segment)}
    offered = disruption.offer_journey(booking, segments=sorted(ahead), reason=LATE_INBOUND)
    context.record(booking_id, offered)
    for each in offered[:1]:
        context.enqueue(
            offer_disruption.letter(booking_id, each, journey.load_flight(context, each.flight))
        )


def _close(
    context: DecisionContext, booking_id: str, booking: Booking, segment: int, flight: Flight
) -> tuple[Coupon, ...]:
    """Record who has flown, refund who never agreed to its times, then record the no-shows; return
    the coupons that lapse.
    """
    # Revenue belongs to the day on which the coupon flew, whenever the flight is closed.
    posted = journey.posted(booking_id, booking, flight.departed_at or context.now)
    on_board = check_in.lifted_on(booking, segment)
    flown = check_in.fly(
        booking,
        segment=segment,
        entry=carriage.flown_entry(posted, value=journey.value_of(booking, on_board)),
        departed_at=flight.departed_at,
    )
    context.record(booking_id, flown)
    settle_unanswered.refund_absent(context, booking_id, segment)
    booking = journey.load(context, booking_id)
    lapsed = check_in.missing_on(booking, segment)
    charge = sum(coupon.charge for coupon in lapsed)
    vat = sum(cancellation_fee.charge_vat(coupon, booking.currency) for coupon in lapsed)
    missed = check_in.miss(
        booking,
        segment=segment,
        entry=carriage.no_show_entry(
            posted,
            value=journey.value_of(booking, lapsed),
            charge_back=charge,
            vat_back=vat,
        ),
        obligation=cancellation.next_obligation(booking, booking_id, charge + vat),
        departed_at=flight.departed_at,
    )
    context.record(booking_id, missed)
    return lapsed
