"""Passengers who have not answered a cancelled or moved flight: remind them, and refund them in the
end.
"""

from application.booking import answer_disruption, journey, letters, texts
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import check_in, connections, disruption, preconditions
from domain.booking.coupons import Coupon
from domain.booking.state import Booking
from domain.pricing import tax

UNANSWERED = "disruption_unanswered"


class RemindUnanswered(Command, frozen=True):
    """Remind the passengers of a booking once of each cancelled or moved flight that awaits their
    answer.
    """

    booking_id: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound; where nothing awaits an answer, records nothing."""
        reminded = disruption.remind(journey.load(context, self.booking_id))
        context.record(self.booking_id, reminded)
        for each in reminded:
            about = "-".join(str(segment) for segment in each.segments)
            letter = letters.DisruptionReminder(
                booking_id=self.booking_id, about=f"{about}-{context.now:%Y%m%dT%H%M}"
            )
            context.enqueue(texts.ReminderText(self.booking_id, letter.about))
            context.enqueue(letter)
        return Reply(self.booking_id)


class RefundUnanswered(Command, frozen=True):
    """Refund the cancelled flights that nobody has answered, with those travelled with them.

    A return flight after a stopover stays: its passengers may have travelled by other means.
    """

    booking_id: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound and ModificationPending; where nothing awaits an answer, records
        nothing.
        """
        booking = journey.load(context, self.booking_id)
        segments = disruption.unanswered_cancellations(booking)
        if not segments:
            return Reply(self.booking_id)
        preconditions.require_no_modification(booking)
        coupons = _unusable(context, booking, segments)
        for segment in segments:
            answered = disruption.answer(
                journey.load(context, self.booking_id), segment=segment, answer="refunded"
            )
            context.record(self.booking_id, answered)
        answer_disruption.refund(context, self.booking_id, coupons, reason=UNANSWERED, at_gate=True)
        return Reply(self.booking_id)


def refund_absent(context: DecisionContext, booking_id: str, segment: int) -> None:
    """Refund those who are not on board of a flight that left at times they never agreed to, for it
    and what is travelled with it.

    They are no no-shows, and a return flight after a stopover stays theirs. Rejects
    ModificationPending.
    """
    booking = journey.load(context, booking_id)
    absent = {each.passenger for each in check_in.missing_on(booking, segment)}
    if not absent or not disruption.is_material(booking, segment):
        return
    joined = travelled_from(context, booking, segment)
    coupons = tuple(each for each in joined if each.passenger in absent)
    answer_disruption.refund(context, booking_id, coupons, reason=UNANSWERED, at_gate=True)


def travelled_from(context: DecisionContext, booking: Booking, segment: int) -> tuple[Coupon, ...]:
    """Return the open coupons of the segment and of those that follow it without a stopover."""
    legs = [each.leg for each in journey.facts(context, booking)]
    joined = connections.travelled_with(legs, segment, stopover=tax.STOPOVER)
    return tuple(
        each
        for each in booking.open_coupons()
        if each.segment >= segment and each.segment in joined
    )


def _unusable(
    context: DecisionContext, booking: Booking, segments: tuple[int, ...]
) -> tuple[Coupon, ...]:
    """Return the open coupons of these segments, and of those with a broken connection to them."""
    facts = journey.facts(context, booking)
    legs = [each.leg for each in facts]
    joined = {
        other
        for segment in segments
        for other in connections.travelled_with(legs, segment, stopover=tax.STOPOVER)
    }
    broken = {each.segment for each in booking.disruptions if each.kind == "connection_broken"}
    departed = {index for index, each in enumerate(facts) if preconditions.has_departed(each)}
    wanted = {*segments, *((joined & broken) - departed)}
    return tuple(each for each in booking.open_coupons() if each.segment in wanted)
