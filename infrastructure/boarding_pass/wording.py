"""The text of a pass: its cells in rows, each labelled in English and in Arabic.

Rule: values are in Latin letters as the gate reads them; an unknown value is a dash.
"""

import datetime as dt
import unicodedata
from typing import NamedTuple

from domain.booking import boarding_pass
from domain.pricing.price import PassengerType

TITLE = ("BOARDING PASS", "بطاقة صعود الطائرة")
FROM = ("From", "من")
TO = ("To", "إلى")
UNKNOWN = "–"
LATIN_1 = 0xFF
ARABIC_NAME_LENGTH = 24
# Names of months do not follow the locale of the process.
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
KINDS: dict[PassengerType, tuple[str, str]] = {
    "ADT": ("Adult", "بالغ"),
    "CHD": ("Child", "طفل"),
    "INF": ("Infant", "رضيع"),
}
CABINS = {
    "Y": ("Economy", "السياحية"),
    "J": ("Business", "رجال الأعمال"),
    "F": ("First", "الأولى"),
}
# Until then a time is after midnight.
NIGHT_ENDS = dt.time(6)
SEAT_AT_GATE = ("At gate", "عند البوابة")
STANDBY = ("Standby", "انتظار")
ON_LAP = (boarding_pass.LAP, "بدون مقعد")


class Cell(NamedTuple):
    """A label in both languages and a value; the Arabic of the value where it is a word."""

    english: str
    arabic: str
    value: str
    value_arabic: str = ""


def rows(facts: boarding_pass.BoardingPassFacts) -> tuple[tuple[Cell, ...], ...]:
    """Return the cells from top to bottom; raises NameNotLatin."""
    return (
        (
            Cell(
                "Passenger",
                "المسافر",
                boarding_pass.carriage_name(facts).replace("/", " / "),
                arabic_name(facts),
            ),
        ),
        (
            Cell("Flight", "الرحلة", f"{facts.carrier} {facts.flight_number}"),
            Cell("Date", "التاريخ", _date(facts.flight_date)),
            Cell("Departure", "الإقلاع", _time(facts, facts.departs_at)),
        ),
        (
            Cell("Boarding", "الصعود", _time(facts, facts.boards_at)),
            Cell("Gate closes", "إغلاق البوابة", _gate_closes(facts)),
            Cell("Gate", "البوابة", facts.gate or UNKNOWN),
        ),
        (
            Cell("Seat", "المقعد", *_seat(facts)),
            Cell("Cabin", "الدرجة", *CABINS.get(facts.compartment, (facts.compartment, ""))),
            Cell("Sequence", "التسلسل", f"{facts.sequence:04d}"),
        ),
        (
            Cell("Passenger type", "الفئة", *KINDS[facts.passenger_type]),
            *_companion(facts),
        ),
        (
            Cell("Reference", "رقم الحجز", facts.reference),
            Cell("Ticket", "رقم التذكرة", f"{facts.ticket[:3]} {facts.ticket[3:]}"),
            *_services(facts),
        ),
    )


def arabic_name(facts: boarding_pass.BoardingPassFacts) -> str:
    """Return the name in Arabic without vowel marks, in whole words as far as there is room."""
    shown = ""
    for word in (facts.arabic_name or "").split():
        letters = "".join(each for each in word if each.isalpha())
        if len(shown) + 1 + len(letters) > ARABIC_NAME_LENGTH:
            break
        shown = f"{shown} {letters}".strip()
    return shown


def city(name: str | None) -> str:
    """The name of a city in letters that the font has: beyond Latin-1 without their marks."""
    if name is None:
        return UNKNOWN
    return "".join(letter if ord(letter) <= LATIN_1 else _without_marks(letter) for letter in name)


def _without_marks(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() else letter


def _services(facts: boarding_pass.BoardingPassFacts) -> tuple[Cell, ...]:
    """The requested services by their IATA codes, where there are any."""
    if not facts.special_services:
        return ()
    return (Cell("Services", "خدمات خاصة", " ".join(facts.special_services)),)


def _date(day: dt.date) -> str:
    return f"{day.day:02d} {MONTHS[day.month - 1]} {day.year}"


def _companion(facts: boarding_pass.BoardingPassFacts) -> tuple[Cell, ...]:
    """The infant of an adult, and the adult of an infant."""
    if not facts.has_companion:
        return ()
    name = UNKNOWN if facts.companion is None else facts.companion.replace("/", " / ")
    if facts.passenger_type == "INF":
        return (Cell("With adult", "مع بالغ", name),)
    return (Cell("With infant", "مع رضيع", name),)


def _time(facts: boarding_pass.BoardingPassFacts, at: dt.datetime | None) -> str:
    """The time, with its day where that is not the day of the flight."""
    if at is None:
        return UNKNOWN
    return f"{at:%H:%M}" if at.date() == facts.flight_date else _time_and_day(at)


def _gate_closes(facts: boarding_pass.BoardingPassFacts) -> str:
    """The time, with its day also after the midnight with which the flight's day begins: many
    come a day late for it.
    """
    at = facts.gate_closes_at
    return _time_and_day(at) if at is not None and at.time() < NIGHT_ENDS else _time(facts, at)


def _time_and_day(at: dt.datetime) -> str:
    return f"{at:%H:%M} {at.day:02d} {MONTHS[at.month - 1]}"


def _seat(facts: boarding_pass.BoardingPassFacts) -> tuple[str, str]:
    seat = boarding_pass.seat_shown(facts)
    if seat is None:
        is_standby = facts.passenger_status == boarding_pass.STANDBY
        return STANDBY if is_standby else SEAT_AT_GATE
    return ON_LAP if seat == boarding_pass.LAP else (seat, "")
