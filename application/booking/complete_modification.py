"""Complete a paid modification, or expire or abandon an unpaid one."""

from collections.abc import Sequence

from application.booking import (
    journey,
    letters,
    live_session,
    offer_disruption,
    paid_seats,
    remaining_tax,
)
from application.booking.access import changeable_booking
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit import return_part
from application.credit.new_credit import issue_to_owner
from domain.booking import cancellation, disruption, rejections
from domain.booking import modification as booking_modification
from domain.booking.coupons import Coupon
from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.booking.values import Modification, Ticket
from domain.inventory import seat_sale
from domain.inventory.state import FlightStatus
from domain.kernel import ids, money
from domain.ledger import carriage
from domain.pricing.price import CouponPrice

EXCHANGED = "exchanged"


class CompleteModification(Command, frozen=True):
    """Exchange the segment of a paid modification; `serials` are for the new tickets."""

    booking_id: str
    airline_code: str
    serials: tuple[int, ...]

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound and NoModificationPending (unpaid). A completed
        modification records nothing more.
        """
        booking = journey.load(context, self.booking_id)
        modification = booking.modification
        if modification is None:
            return Reply(self.booking_id)
        if not booking.modification_paid:
            raise rejections.NoModificationPending(reason="unpaid")
        exchange_seats(context, self.booking_id, booking, modification)
        tickets = new_tickets(
            self.airline_code, self.serials, booking.open_coupons(modification.segment)
        )
        complete(context, self.booking_id, booking, modification, tickets)
        _offer_choices(context, self.booking_id, modification)
        return Reply(self.booking_id)


def _offer_choices(context: DecisionContext, booking_id: str, modification: Modification) -> None:
    """Offer the choices of a disruption where the new flight was cancelled before the payment."""
    flight = journey.load_flight(context, modification.to.flight)
    if flight.status is not FlightStatus.CANCELLED:
        return
    offered = disruption.offer(
        journey.load(context, booking_id),
        segment=modification.segment,
        flight=modification.to.flight,
        kind="cancelled",
        reason=offer_disruption.FLIGHT_CANCELLED,
        material=True,
    )
    context.record(booking_id, offered)
    for each in offered:
        context.enqueue(offer_disruption.letter(booking_id, each, flight))


def exchange_seats(
    context: DecisionContext, booking_id: str, booking: Booking, modification: Modification
) -> None:
    """Put the old seats back on sale, then sell the held new ones.

    The old ones go first because a booking has one block of sold seats on a flight, and both may
    be on the same flight, in different cabins.
    """
    coupons = booking.open_coupons(modification.segment)
    journey.return_seats(context, booking_id, booking, coupons, EXCHANGED)
    flight_id = modification.to.flight
    sold = seat_sale.sell(journey.load_flight(context, flight_id), booking=booking_id)
    context.record(flight_id, sold)


def complete(
    context: DecisionContext,
    booking_id: str,
    booking: Booking,
    modification: Modification,
    tickets: tuple[Ticket, ...],
) -> None:
    """Record the completed modification with its entry, and enqueue the letter about it."""
    coupons = booking.open_coupons(modification.segment)
    to_card = modification.back if modification.destination == "card" else 0
    vat, charge = remaining_tax.difference(booking, modification.retaxed)
    entry = carriage.exchange_entry(
        carriage.Posted(booking_id, tuple(ticket.number for ticket in tickets), context.now),
        before=_value(booking.currency, coupons),
        after=_value(booking.currency, modification.coupons),
        added=carriage.Value(booking.currency, vat=vat, charge=charge),
        due=modification.due,
        refund=to_card,
        credit=modification.back - to_card,
    )
    completed = booking_modification.complete(
        booking,
        modification=modification,
        tickets=tickets,
        entry=entry,
        obligation=cancellation.next_obligation(booking, booking_id, to_card),
    )
    context.record(booking_id, completed)
    if modification.back > to_card:
        _leave_as_credit(
            context, booking_id, booking, money.Money(modification.back - to_card, booking.currency)
        )
    context.enqueue(
        letters.ModificationLetter(booking_id=booking_id, about=str(modification.number))
    )
    paid_seats.restore_and_report(context, booking_id, reason=EXCHANGED)


def _leave_as_credit(
    context: DecisionContext, booking_id: str, booking: Booking, amount: money.Money
) -> None:
    """Give back to its credits what they have paid, and issue a new one of what money has paid."""
    left = return_part.return_for_change(context, booking_id, booking, amount)
    if left.amount:
        issue_to_owner(context, booking_id, booking, amount=left, origin="cheaper_change")


def _value(currency: str, coupons: Sequence[Coupon | CouponPrice]) -> carriage.Value:
    return carriage.Value(
        currency,
        fare=sum(each.fare for each in coupons),
        vat=sum(each.vat for each in coupons),
        charge=sum(each.charge for each in coupons),
    )


def new_tickets(
    airline_code: str, serials: tuple[int, ...], coupons: tuple[Coupon, ...]
) -> tuple[Ticket, ...]:
    """Return a ticket for each passenger of the exchanged segment."""
    return tuple(
        Ticket(coupon.passenger, ids.ticket_number(airline_code, serial))
        for coupon, serial in zip(coupons, serials, strict=False)
    )


class ExpireModification(Command, frozen=True):
    """Expire an unpaid modification; Stripe has been asked for a payment before."""

    booking_id: str
    reason: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, HoldStillRuns and NoModificationPending (paid meanwhile)."""
        booking = journey.load(context, self.booking_id)
        expired = booking_modification.expire(booking, reason=self.reason, now=context.now)
        _record_end(context, self.booking_id, booking, expired, self.reason)
        return Reply(self.booking_id)


@stored_answer_first
async def abandon_modification(
    ports: BookingPorts, caller: Caller, id_or_reference: str
) -> BookingDetails:
    """Abandon an unpaid modification: the booking is as before.

    The live checkout session is expired first, so that nobody can pay for it.
    Rejects what the command does; raises GatewayFailure.
    """
    booking_id, booking = await changeable_booking(ports, caller.principal, id_or_reference)
    if booking.modification is not None and not booking.modification_paid:
        await live_session.expire(
            ports.bus, ports.collector, booking_id, booking, cause=caller.cause
        )
    return await carry_out_and_read(ports, caller, AbandonModification(booking_id=booking_id))


class AbandonModification(Command, frozen=True):
    """Abandon an unpaid modification; its checkout session has been expired before."""

    booking_id: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound and NoModificationPending (none, or paid meanwhile)."""
        booking = journey.load(context, self.booking_id)
        abandoned = booking_modification.abandon(booking)
        _record_end(context, self.booking_id, booking, abandoned, booking_modification.ABANDONED)
        return Reply(self.booking_id)


def _record_end(
    context: DecisionContext,
    booking_id: str,
    booking: Booking,
    events: list[BookingEvent],
    reason: str,
) -> None:
    """Record the end of an unpaid modification and put the new seats back on sale."""
    if not events:
        return
    assert booking.modification is not None
    context.record(booking_id, events)
    flight_id = booking.modification.to.flight
    flight = journey.load_flight(context, flight_id)
    released = seat_sale.release_hold(flight, booking=booking_id, reason=reason)
    context.record(flight_id, released)
    paid_seats.restore_and_report(context, booking_id, reason=reason)
