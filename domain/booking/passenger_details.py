"""Names and travel documents of passengers."""

import datetime as dt
from typing import Literal, assert_never

from msgspec.structs import replace

from domain.booking import rejections, states
from domain.booking.events import (
    BookingEvent,
    DocumentRecorded,
    NameCorrected,
    PassengerDetailEvent,
)
from domain.booking.preconditions import Situation, passes
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.kernel import sealed

# The limit of letters that a correction adds, drops or exchanges, first and last name together.
NAME_CORRECTION_LIMIT = 3
# Passports are valid for six months after the journey.
PASSPORT_MONTHS = 6


def require_name_correction(booking: Booking, passenger: int) -> None:
    """A name may be corrected until check-in of the booking begins."""
    if booking.status not in {Status.CONFIRMED, Status.RESERVED, Status.PAID}:
        raise rejections.NameCorrectionRefused(reason="status", status=booking.status.value)
    if not 0 <= passenger < len(booking.passengers):
        raise rejections.NoSuchPart(passenger=passenger)


def passport_needed_until(day: dt.date) -> dt.date:
    """The day until which a passport must be valid for an international flight of this day."""
    months = day.month - 1 + PASSPORT_MONTHS
    year, month = day.year + months // 12, months % 12 + 1
    last = (dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(year, month, min(day.day, last))


def letters_between(old: str, new: str) -> int:
    """How many letters must be added, dropped or exchanged (Levenshtein), case aside."""
    before, after = old.casefold(), new.casefold()
    row = list(range(len(after) + 1))
    for i, letter in enumerate(before, 1):
        above, row[0] = row[0], i
        for j, other in enumerate(after, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (letter != other))
    return row[-1]


def correct_name(
    booking: Booking, *, passenger: int, name: sealed.Sealed, distance: int, is_new: bool
) -> list[BookingEvent]:
    """Correct a name that differs by `distance` letters from the name that was sold, so that
    small steps never add up to another person. A name that is not new has no effect.
    """
    require_name_correction(booking, passenger)
    if distance > NAME_CORRECTION_LIMIT:
        raise rejections.NameCorrectionRefused(reason="another_person", limit=NAME_CORRECTION_LIMIT)
    if not is_new:
        return []
    return [NameCorrected(passenger=passenger, name=name)]


def record_document(
    booking: Booking, *, passenger: int, document: sealed.Sealed
) -> list[BookingEvent]:
    """Record the travel document of a passenger; it replaces an earlier one."""
    if not 0 <= passenger < len(booking.passengers):
        raise rejections.NoSuchPart(passenger=passenger)
    used_up = all(each.is_final for each in booking.coupons if each.passenger == passenger)
    if used_up or booking.status in states.TERMINAL:
        raise rejections.CouponNotOpen(passenger=passenger)
    if booking.documents[passenger] == document:
        return []
    return [DocumentRecorded(passenger=passenger, document=document)]


def evolve(booking: Booking, event: PassengerDetailEvent) -> Booking:
    """The booking after the event."""
    match event:
        case NameCorrected():
            passengers = list(booking.passengers)
            passengers[event.passenger] = replace(passengers[event.passenger], name=event.name)
            return replace(booking, passengers=tuple(passengers))
        case DocumentRecorded():
            documents = list(booking.documents)
            documents[event.passenger] = event.document
            return replace(booking, documents=tuple(documents))
        case _:
            assert_never(event)


PassengerDetailAction = Literal["correct_name"]


def is_open(action: PassengerDetailAction, booking: Booking, _situation: Situation) -> bool:
    """Whether the guard of the action passes now."""
    match action:
        case "correct_name":
            return passes(require_name_correction, booking, 0)
        case _:
            assert_never(action)
