"""Correct a few letters of a name; the person stays the same."""

import msgspec

from application.booking import journey
from application.orders import Decision
from application.planning import Reading
from domain.booking import change
from domain.kernel import sealed


class CorrectName(msgspec.Struct, frozen=True):
    """`distance` letters differ between the name as it was sold and the new one, as who sealed it
    counted (`change.letters_between`, first and last name together).
    """

    booking: str
    passenger: int
    former: sealed.Sealed
    name: sealed.Sealed
    distance: int
    is_new: bool

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking."""
        return (self.booking,)


def correct_name(command: CorrectName, reading: Reading) -> Decision:
    """Rejects BookingNotFound, NoSuchPart and NameChangeRefused.

    A name that was corrected meanwhile is not the one that was looked at: nothing is recorded.
    """
    booking = journey.load(reading, command.booking)
    corrected = change.correct_name(
        booking,
        passenger=command.passenger,
        name=command.name,
        distance=command.distance,
        is_new=command.is_new,
    )
    if booking.passengers[command.passenger].name != command.former:
        corrected = []
    return Decision(
        answer_stream=command.booking, events=journey.merged([(command.booking, corrected)])
    )
