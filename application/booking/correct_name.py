"""Correct a few letters of a name, or more for a reason of staff; the person stays the same."""

import msgspec

from application.booking import journey
from application.booking.access import changeable_by_gate
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.people import Name, checked_name
from application.booking.ports import BookingPorts
from application.booking.staff_notes import Notes
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies.rules_now import load_rule
from domain.booking import cancellation, passenger_details, rejections
from domain.booking.state import Booking
from domain.identity import roles
from domain.identity.rejections import NotAllowed
from domain.kernel import sealed
from domain.policies.money_values import NameCorrections

BY_STAFF: tuple[roles.Permission, ...] = ("change_any_booking", "handle_passengers")

_encode = msgspec.json.Encoder(order="deterministic").encode


class WantedName(msgspec.Struct, frozen=True):
    """The correct name of a passenger; None as given name where the passport has one name only.

    Without an Arabic name the present one stays. `reason` is what staff write for more letters.
    """

    passenger: int
    first_name: str | None
    last_name: str
    arabic_name: str | None = None
    reason: str | None = None


@stored_answer_first
async def correct_name(
    ports: BookingPorts, caller: Caller, id_or_reference: str, wanted: WantedName
) -> BookingDetails:
    """Correct some letters of the name that was sold; staff correct more with a reason.

    Rejects BookingNotFound, NotAllowed (also for a reason of others than staff), NoSuchPart,
    NameRefused, PersonErased and what the command does.
    """
    booking_id, booking = await changeable_by_gate(ports, caller.principal, id_or_reference)
    role = caller.principal.role
    if wanted.reason is not None and not any(roles.may(role, each) for each in BY_STAFF):
        raise NotAllowed()
    if wanted.passenger >= len(booking.passengers):
        raise rejections.NoSuchPart(passenger=wanted.passenger)
    name = checked_name(wanted.first_name, wanted.last_name, wanted.arabic_name)
    sold, current = await _opened_names(ports, booking, wanted.passenger)
    if name.arabic_name is None:
        name = msgspec.structs.replace(name, arabic_name=current.arabic_name)
    replaced = booking.passengers[wanted.passenger].name
    command = CorrectName(
        booking_id=booking_id,
        passenger=wanted.passenger,
        previous_name=replaced,
        name=ports.vault.seal(replaced.subject, _encode(name)),
        distance=_distance(sold, name),
        is_new=name != current,
        letters=sum(each.isalpha() for each in _letters_of(sold)),
        reason=None if wanted.reason is None else cancellation.BY_STAFF,
        notes=_notes(ports, replaced, wanted.reason),
    )
    return await carry_out_and_read(ports, caller, command)


def _notes(ports: BookingPorts, name: sealed.Sealed, reason: str | None) -> Notes:
    """Return what staff wrote, sealed beside the name, which is open: it is about that person."""
    return () if reason is None else (ports.vault.seal(name.subject, reason.encode()),)


async def _opened_names(ports: BookingPorts, booking: Booking, passenger: int) -> tuple[Name, Name]:
    """Return the name as it was sold and as it is now; rejects PersonErased."""
    boxes = [booking.sold_names[passenger], booking.passengers[passenger].name]
    sold, current = await ports.vault.open_all(boxes)
    if sold is None or current is None:
        raise rejections.PersonErased(passenger=passenger)
    return msgspec.json.decode(sold, type=Name), msgspec.json.decode(current, type=Name)


def _distance(sold: Name, name: Name) -> int:
    """Return how many letters differ; an Arabic form that was not sold may be added."""
    between = passenger_details.letters_between(_letters_of(sold), _letters_of(name))
    if sold.arabic_name is None or name.arabic_name is None:
        return between
    return between + passenger_details.letters_between(sold.arabic_name, name.arabic_name)


def _letters_of(name: Name) -> str:
    return f"{name.first_name}\n{name.last_name}"


class CorrectName(Command, frozen=True):
    """`distance` letters differ between the name as it was sold, of so many `letters`, and `name`,
    counted before they were sealed (first and last name together); `previous_name`
    is the one that it replaces, `reason` the code of staff for more than a few letters, `notes` are
    what they wrote.
    """

    booking_id: str
    passenger: int
    previous_name: sealed.Sealed
    name: sealed.Sealed
    distance: int
    is_new: bool
    letters: int
    reason: str | None = None
    notes: Notes = ()

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
            limit=load_rule(context, NameCorrections).limit(self.letters),
            reason=self.reason,
            notes=self.notes,
        )
        if booking.passengers[self.passenger].name == self.previous_name:
            context.record(self.booking_id, corrected)
        return Reply(self.booking_id)
