"""The airline cancels or moves a flight: each booking on it is offered its choices."""

from application.booking import cancel_booking, journey, letters
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import cancellation, states
from domain.booking import disruption as decisions
from domain.booking.events import DisruptionOffered
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.booking.values import DisruptionKind, NewTimes
from domain.inventory.state import Flight

FLIGHT_CANCELLED = "flight_cancelled"


class TellDisruption(Command, frozen=True):
    """What happened to a flight, for one booking on it; `times` where it was moved."""

    booking_id: str
    flight_id: str
    kind: DisruptionKind
    reason: str
    material: bool
    times: NewTimes | None = None

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound. A ticketed booking is offered its choices and written to; one
        that is not ticketed yet is cancelled with the flight.
        """
        booking = journey.load(context, self.booking_id)
        segment = journey.segment_on(booking, self.flight_id)
        if segment is None:
            return Reply(self.booking_id)
        if self.kind == "cancelled" and booking.status in states.UNPAID | {Status.PAID}:
            _cancel_unticketed(context, self.booking_id, booking)
            return Reply(self.booking_id)
        offered = decisions.offer(
            booking,
            segment=segment,
            flight=self.flight_id,
            kind=self.kind,
            reason=self.reason,
            material=self.material,
            times=self.times,
        )
        flight = journey.load_flight(context, self.flight_id)
        context.record(self.booking_id, offered)
        for each in offered:
            context.enqueue(letter(self.booking_id, each, flight))
        return Reply(self.booking_id)


def letter(booking_id: str, offered: DisruptionOffered, flight: Flight) -> letters.DisruptionLetter:
    """Return the letter that says what happened and what the passengers may choose."""
    departs_at = flight.departs_at if offered.times is None else offered.times.departs_at
    return letters.DisruptionLetter(
        booking_id=booking_id,
        about=f"{offered.segment}-{offered.kind}-{departs_at:%Y%m%dT%H%M}",
        reason=offered.reason,
    )


def _cancel_unticketed(context: DecisionContext, booking_id: str, booking: Booking) -> None:
    """Refund what was paid in full, unless it is being refunded already."""
    if booking.obligations:
        return
    paid = booking.captured.amount if booking.captured is not None else 0
    obligation = cancellation.next_obligation(booking, booking_id, paid)
    cancelled = cancellation.cancel(
        booking,
        coupons=booking.coupons,
        reason=FLIGHT_CANCELLED,
        fee=0,
        destination="card" if paid else "none",
        obligation=obligation,
        entry=cancel_booking.cancellation_entry(
            booking_id, booking, booking.coupons, fee=0, obligation=obligation, now=context.now
        ),
    )
    context.record(booking_id, cancelled)
    journey.release_holds(context, booking_id, booking, FLIGHT_CANCELLED)
