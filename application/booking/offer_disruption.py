"""Offer a booking its choices after the airline cancelled or rescheduled a flight."""

import datetime as dt

from msgspec.structs import replace

from application.booking import cancel_booking, journey, letters, texts
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies import operating_rules
from domain.booking import cancellation, connections, disruption, states
from domain.booking.events import DisruptionOffered
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.booking.values import DisruptionKind, NewTimes
from domain.inventory import operations
from domain.inventory.state import Flight
from domain.pricing import tax
from domain.pricing.price import Leg

FLIGHT_CANCELLED = "flight_cancelled"


class OfferDisruption(Command, frozen=True):
    """Offer one booking on a flight its choices; `times` where it was rescheduled, and the times
    that it had `before`. Where these are known, they decide whether the change is material.
    """

    booking_id: str
    flight_id: str
    kind: DisruptionKind
    reason: str
    material: bool
    times: NewTimes | None = None
    before: NewTimes | None = None

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound. A booking is offered its choices, with a letter, for all flights
        that are travelled with one that it cannot reach or that is cancelled; an unticketed
        booking is cancelled with a cancelled flight.
        """
        booking = journey.load(context, self.booking_id)
        segment = journey.segment_on(booking, self.flight_id)
        if segment is None:
            return Reply(self.booking_id)
        if self.kind == "cancelled" and booking.status in states.UNPAID | {Status.PAID}:
            _cancel_unticketed(context, self.booking_id, booking)
            return Reply(self.booking_id)
        agreed = disruption.agreed_times(booking, segment, self.before)
        flight = journey.load_flight(context, self.flight_id)
        least = operating_rules.material_change(context, flight)
        offered = disruption.offer(
            booking,
            segment=segment,
            flight=self.flight_id,
            kind=self.kind,
            reason=self.reason,
            material=_is_material(self, agreed, least=least),
            times=self.times,
            agreed=agreed,
        )
        context.record(self.booking_id, offered)
        for each in offered:
            written = letter(self.booking_id, each, flight)
            context.enqueue(texts.DisruptionText(self.booking_id, written.about))
            context.enqueue(written)
        _offer_rest_of_journey(context, self, segment)
        return Reply(self.booking_id)


def _is_material(command: OfferDisruption, agreed: NewTimes | None, *, least: dt.timedelta) -> bool:
    """Whether the times are far from those that the passengers last bought or accepted."""
    if command.times is None or command.before is None or agreed is None:
        return command.material
    difference = operations.difference(
        (agreed.departs_at, agreed.arrives_at),
        (command.times.departs_at, command.times.arrives_at),
    )
    return difference >= least


def _offer_rest_of_journey(
    context: DecisionContext, command: OfferDisruption, segment: int
) -> None:
    """Offer the choices for the flights travelled with the segment, if it breaks a connection."""
    booking = journey.load(context, command.booking_id)
    legs = [each.leg for each in journey.facts(context, booking)]
    if command.kind != "cancelled":
        if command.before is None or command.times is None:
            return
        then = list(legs)
        then[segment] = _at(legs[segment], command.before)
        legs[segment] = _at(legs[segment], command.times)
        if not connections.newly_broken(then, legs, by=operating_rules.connecting_times(context)):
            return
    offered = disruption.offer_journey(
        booking,
        segments=connections.travelled_with(legs, segment, stopover=tax.STOPOVER),
        reason=command.reason,
    )
    context.record(command.booking_id, offered)


def _at(leg: Leg, times: NewTimes) -> Leg:
    return replace(leg, departs_at=times.departs_at, arrives_at=times.arrives_at)


def letter(booking_id: str, offered: DisruptionOffered, flight: Flight) -> letters.DisruptionLetter:
    """Return the letter about the disruption and the choices."""
    departs_at = flight.departs_at if offered.times is None else offered.times.departs_at
    return letters.DisruptionLetter(
        booking_id=booking_id,
        about=letters.disruption_about(offered.segment, offered.kind, departs_at),
        reason=offered.reason,
    )


def _cancel_unticketed(context: DecisionContext, booking_id: str, booking: Booking) -> None:
    """Cancel with a full refund of what was paid and a letter, unless a refund is owed already."""
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
    if cancelled:
        final = len(booking.coupons)
        context.enqueue(letters.cancellation_letter(booking_id, final=final, refund=paid))
