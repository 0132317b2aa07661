"""Close a departed flight for a booking: passengers on board have flown, others are no-shows."""

from application.booking import (
    answer_disruption,
    cancellation_fee,
    journey,
    settle_unanswered,
)
from application.booking.access import visible_booking
from application.booking.booking_details import BookingDetails, booked_flight, carry_out_and_read
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import cancellation, check_in, rejections, states
from domain.booking.coupons import Coupon
from domain.booking.state import Booking
from domain.inventory.state import Flight, FlightStatus
from domain.ledger import carriage

NO_SHOW = "no_show"
DENIED_BOARDING = "denied_boarding"


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
        standby = check_in.standby_on(journey.load(context, self.booking_id), segment)
        if standby:
            # They were denied boarding: what they did not fly is refunded, and the rest stays.
            answer_disruption.refund(
                context, self.booking_id, standby, reason=DENIED_BOARDING, at_gate=True
            )
        later = [coupon for coupon in lapsed if coupon.segment != segment]
        journey.return_seats(context, self.booking_id, booking, later, NO_SHOW)
        return Reply(self.booking_id)


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
    )
    context.record(booking_id, missed)
    return lapsed
