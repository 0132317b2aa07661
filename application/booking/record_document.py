"""Keep a passenger's travel document, sealed under the passenger's own key."""

import msgspec

from application.booking import journey
from application.orders import Decision
from application.planning import Reading
from domain.booking import departure
from domain.kernel import sealed


class RecordDocument(msgspec.Struct, frozen=True):
    """`document` is a sealed `documents.TravelDocument`; who sealed it looked at it first."""

    booking: str
    passenger: int
    document: sealed.Sealed

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking."""
        return (self.booking,)


def record_document(command: RecordDocument, reading: Reading) -> Decision:
    """Rejects BookingNotFound, NoSuchPart and CouponNotOpen."""
    booking = journey.load(reading, command.booking)
    recorded = departure.record_document(
        booking, passenger=command.passenger, document=command.document
    )
    return Decision(
        answer_stream=command.booking, events=journey.merged([(command.booking, recorded)])
    )
