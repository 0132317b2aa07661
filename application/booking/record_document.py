"""Keep a passenger's travel document, sealed under the passenger's own key."""

from application.booking import journey
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import documents
from domain.kernel import sealed


class RecordDocument(Command, frozen=True):
    """`document` is a sealed `documents.TravelDocument`, inspected before it was sealed."""

    booking_id: str
    passenger: int
    document: sealed.Sealed

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, NoSuchPart and CouponNotOpen."""
        booking = journey.load(context, self.booking_id)
        recorded = documents.record_document(
            booking, passenger=self.passenger, document=self.document
        )
        context.record(self.booking_id, recorded)
        return Reply(self.booking_id)
