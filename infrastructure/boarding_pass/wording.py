"""The text of a pass: its cells in rows, each labelled in English and in Arabic.

Rule: values are in Latin letters as the gate reads them; an unknown value is a dash.
"""

import datetime as dt
from typing import NamedTuple

from domain.booking import boarding_pass
from domain.pricing.price import PassengerType

TITLE = ("BOARDING PASS", "بطاقة صعود الطائرة")
FROM = ("From", "من")
TO = ("To", "إلى")
UNKNOWN = "–"
# Names of months do not follow the locale of the process.
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
KINDS: dict[PassengerType, tuple[str, str]] = {
    "ADT": ("Adult", "بالغ"),
    "CHD": ("Child", "طفل"),
    "INF": ("Infant", "رضيع"),
}
SEAT_AT_GATE = ("At gate", "عند البوابة")
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
        (Cell("Passenger", "المسافر", boarding_pass.carriage_name(facts).replace("/", " / ")),),
        (
            Cell("Flight", "الرحلة", f"{facts.carrier} {facts.flight_number}"),
            Cell("Date", "التاريخ", _date(facts.departure_date)),
            Cell("Departure", "الإقلاع", _time(facts.departure_time)),
        ),
        (
            Cell("Boarding", "الصعود", _time(facts.boarding_time)),
            Cell("Gate", "البوابة", facts.gate or UNKNOWN),
            Cell("Seat", "المقعد", *_seat(facts)),
        ),
        (
            Cell("Class", "الدرجة", facts.compartment),
            Cell("Sequence", "التسلسل", f"{facts.sequence:04d}"),
            Cell("Passenger type", "الفئة", *KINDS[facts.passenger_type]),
        ),
        (
            Cell("Booking reference", "رقم الحجز", facts.reference),
            Cell("Ticket", "رقم التذكرة", f"{facts.ticket[:3]} {facts.ticket[3:]}"),
            *_services(facts),
        ),
    )


def _services(facts: boarding_pass.BoardingPassFacts) -> tuple[Cell, ...]:
    """The requested services by their IATA codes, where there are any."""
    if not facts.special_services:
        return ()
    return (Cell("Services", "خدمات خاصة", " ".join(facts.special_services)),)


def _date(day: dt.date) -> str:
    return f"{day.day:02d} {MONTHS[day.month - 1]} {day.year}"


def _time(time: dt.time | None) -> str:
    return UNKNOWN if time is None else f"{time:%H:%M}"


def _seat(facts: boarding_pass.BoardingPassFacts) -> tuple[str, str]:
    seat = boarding_pass.seat_shown(facts)
    if seat is None:
        return SEAT_AT_GATE
    return ON_LAP if seat == boarding_pass.LAP else (seat, "")
