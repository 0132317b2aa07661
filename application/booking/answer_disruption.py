"""Answer a cancelled or rescheduled flight: accept it, move to another or be refunded."""

from typing import Literal

from application.booking import cancel_booking, journey, letters, paid_seats
from application.booking.access import changeable_booking, changeable_by_gate
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.modify_booking import accepted_modification, unpaid_places
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies import operating_rules
from application.pricing.signed_quotes import QuoteRefused
from domain.booking import cancellation, disruption, preconditions
from domain.booking.coupons import Coupon

DISRUPTION_REFUND = "disruption_refund"


@stored_answer_first
async def answer_disruption(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    *,
    choice: Literal["accept", "move", "refund"],
    segment: int,
    quote_id: str | None,
) -> BookingDetails:
    """Carry out the choice; `move` goes where a modification quote leads, free of charge.

    The gate accepts for passengers who stand there. Rejects BookingNotFound, NotAllowed,
    QuoteRefused and what the command does.
    """
    changeable = changeable_by_gate if choice == "accept" else changeable_booking
    booking_id, booking = await changeable(ports, caller.principal, id_or_reference)
    command: Command
    match choice:
        case "accept":
            command = AcceptDisruption(booking_id=booking_id, segment=segment)
        case "refund":
            command = RefundDisruption(booking_id=booking_id, segment=segment)
        case "move":
            if quote_id is None:
                raise QuoteRefused(field="quoteId", reason="missing")
            command = await accepted_modification(
                ports, caller, booking_id, booking, quote_id=quote_id
            )
            with await ports.unpaid_seats.take(caller, unpaid_places(command, booking)):
                return await carry_out_and_read(ports, caller, command)
    return await carry_out_and_read(ports, caller, command)


class AcceptDisruption(Command, frozen=True):
    """The passengers stay with the flight as it is now."""

    booking_id: str
    segment: int

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound and NothingToAnswer; neither a cancelled flight nor a broken
        connection can be accepted.
        """
        booking = journey.load(context, self.booking_id)
        disruption.require_answer(booking, self.segment)
        facts = journey.facts(context, booking)
        disruption.require_operating(facts, self.segment)
        disruption.require_connections(
            booking, facts, self.segment, by=operating_rules.connecting_times(context)
        )
        answered = disruption.answer(booking, segment=self.segment, answer="accepted")
        context.record(self.booking_id, answered)
        return Reply(self.booking_id)


class RefundDisruption(Command, frozen=True):
    """The passengers end the contract: all coupons still to be flown are refunded without a fee."""

    booking_id: str
    segment: int

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, NothingToAnswer, CouponNotOpen and ModificationPending.

        A cancelled booking records nothing more, whether its refund has arrived or not.
        """
        booking_id = self.booking_id
        booking = journey.load(context, booking_id)
        if booking.was_cancelled:
            return Reply(booking_id)
        preconditions.require_segment(booking, self.segment)
        facts = journey.facts(context, booking)[self.segment]
        disruption.require_release(booking, self.segment, facts)
        answered = disruption.answer(booking, segment=self.segment, answer="refunded")
        context.record(booking_id, answered)
        coupons = tuple(
            coupon for coupon in booking.open_coupons() if coupon.segment >= self.segment
        )
        # Passengers who have boarded are refunded only where the flight is cancelled.
        refund(context, booking_id, coupons, reason=DISRUPTION_REFUND, at_gate=facts.cancelled)
        return Reply(booking_id)


def refund(
    context: DecisionContext,
    booking_id: str,
    coupons: tuple[Coupon, ...],
    *,
    reason: str,
    at_gate: bool,
    holding_seats: bool = True,
) -> None:
    """Cancel the coupons without a fee, and promise back what was paid for them, with a letter.

    Seats are returned unless they are lost already (`holding_seats` is false).
    """
    booking = journey.load(context, booking_id)
    value = journey.value_of(booking, coupons).total
    obligation = cancellation.next_obligation(booking, booking_id, value, by_airline=True)
    cancelled = cancellation.cancel(
        booking,
        coupons=coupons,
        reason=reason,
        fee=0,
        destination="card",
        obligation=obligation,
        entry=cancel_booking.cancellation_entry(
            booking_id, booking, coupons, obligation=obligation, now=context.now
        ),
        at_gate=at_gate,
    )
    context.record(booking_id, cancelled)
    if holding_seats:
        journey.return_seats(context, booking_id, booking, coupons, reason)
    paid_seats.review_laps(context, booking_id, reason=cancel_booking.PARTY_CHANGED)
    final = sum(each.is_final for each in booking.coupons) + len(coupons)
    context.enqueue(letters.cancellation_letter(booking_id, final=final, refund=value))
