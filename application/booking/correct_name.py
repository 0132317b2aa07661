"""Correct a few letters of a name; the person stays the same."""

import msgspec

from application.booking import journey
from application.booking.access import changeable_by_gate
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.people import Name
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import passenger_details, rejections
from domain.booking.state import Booking
from domain.kernel import sealed

_encode = msgspec.json.Encoder(order="deterministic").encode


@stored_answer_first
async def correct_name(
    ports: BookingPorts, caller: Caller, id_or_reference: str, *, passenger: int, name: Name
) -> BookingDetails:
    """Correct up to three letters of the name that was sold; another person needs another ticket.

    Rejects BookingNotFound, NotAllowed, NoSuchPart, PersonErased and what the command does.
    """
    booking_id, booking = await changeable_by_gate(ports, caller.principal, id_or_reference)
    if passenger >= len(booking.passengers):
        raise rejections.NoSuchPart(passenger=passenger)
    sold, current = await _opened_names(ports, booking, passenger)
    replaced = booking.passengers[passenger].name
    command = CorrectName(
        booking_id=booking_id,
        passenger=passenger,
        previous_name=replaced,
        name=ports.vault.seal(replaced.subject, _encode(name)),
        distance=passenger_details.letters_between(_letters_of(sold), _letters_of(name)),
        is_new=name != current,
    )
    return await carry_out_and_read(ports, caller, command)


async def _opened_names(ports: BookingPorts, booking: Booking, passenger: int) -> tuple[Name, Name]:
    """Return the name as it was sold and as it is now; rejects PersonErased."""
    boxes = [booking.sold_names[passenger], booking.passengers[passenger].name]
    sold, current = await ports.vault.open_all(boxes)
    if sold is None or current is None:
        raise rejections.PersonErased(passenger=passenger)
    return msgspec.json.decode(sold, type=Name), msgspec.json.decode(current, type=Name)


def _letters_of(name: Name) -> str:
    return f"{name.first_name}\n{name.last_name}"


class CorrectName(Command, frozen=True):
    """`distance` letters differ between the name as it was sold and `name`, counted before they
    were sealed (`passenger_details.letters_between`, first and last name together); `previous_name`
    is the one that it replaces.
    """

    booking_id: str
    passenger: int
    previous_name: sealed.Sealed
    name: sealed.Sealed
    distance: int
    is_new: bool

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, NoSuchPart and NameCorrectionRefused.

        Records nothing where `previous_name` has been replaced since.
        """
        booking = journey.load(context, self.booking_id)
        corrected = passenger_details.correct_name(
            booking,
            passenger=self.passenger,
            name=self.name,
            distance=self.distance,
            is_new=self.is_new,
        )
        if booking.passengers[self.passenger].name == self.previous_name:
            context.record(self.booking_id, corrected)
        return Reply(self.booking_id)
