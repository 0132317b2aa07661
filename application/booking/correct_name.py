"""Correct a few letters of a name; the person stays the same."""

from application.booking import journey
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import documents
from domain.kernel import sealed


class CorrectName(Command, frozen=True):
    """`distance` letters differ between the name as it was sold and `name`, counted before they
    were sealed (`change.letters_between`, first and last name together); `former` is the name
    that was looked at.
    """

    booking_id: str
    passenger: int
    former: sealed.Sealed
    name: sealed.Sealed
    distance: int
    is_new: bool

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, NoSuchPart and NameCorrectionRefused.

        A name that was corrected meanwhile is not the one that was looked at: nothing is recorded.
        """
        booking = journey.load(context, self.booking_id)
        corrected = documents.correct_name(
            booking,
            passenger=self.passenger,
            name=self.name,
            distance=self.distance,
            is_new=self.is_new,
        )
        if booking.passengers[self.passenger].name == self.former:
            context.record(self.booking_id, corrected)
        return Reply(self.booking_id)
