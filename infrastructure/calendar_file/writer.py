"""Writes the flights of a booking as a calendar: one event each, in UTC, with words in a language.

Instants are written in UTC, which every calendar knows; the clocks of the airports are text.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import icalendar
import msgspec

from application.booking.calendar_file import CalendarEntry, CalendarPlace
from application.caller import Language

PRODUCT = "-//AIS//Booking//EN"


class _Words(msgspec.Struct, frozen=True):
    """Texts of one language."""

    flight: str
    terminal: str
    departs: str
    arrives: str
    local_time: str
    aircraft: str
    booking: str


_WORDS: Mapping[Language, _Words] = {
    "en": _Words(
        flight="Flight",
        terminal="Terminal",
        departs="Departure",
        arrives="Arrival",
        local_time="local time",
        aircraft="Aircraft",
        booking="Booking",
    ),
    "ar": _Words(
        flight="رحلة",
        terminal="الصالة",
        departs="المغادرة",
        arrives="الوصول",
        local_time="بالتوقيت المحلي",
        aircraft="الطائرة",
        booking="الحجز",
    ),
}


class IcalendarFileWriter:
    """`CalendarFileWriter`."""

    def write(
        self, entries: Sequence[CalendarEntry], *, language: Language, written_at: dt.datetime
    ) -> bytes:
        """Return the calendar; the same arguments make the same bytes."""
        calendar = icalendar.Calendar()
        calendar.add("prodid", PRODUCT)
        calendar.add("version", "2.0")
        calendar.add("method", "PUBLISH")
        for entry in entries:
            calendar.add_component(_event(entry, language, written_at))
        written: bytes = calendar.to_ical()
        return written


def _event(entry: CalendarEntry, language: Language, written_at: dt.datetime) -> icalendar.Event:
    words = _WORDS[language]
    origin, destination = entry.origin, entry.destination
    event = icalendar.Event()
    event.add("uid", str(entry.uid))
    event.add("sequence", entry.sequence)
    event.add("dtstamp", written_at.astimezone(dt.UTC))
    event.add("dtstart", origin.local_time.astimezone(dt.UTC))
    event.add("dtend", destination.local_time.astimezone(dt.UTC))
    event.add("status", entry.status.upper())
    event.add("class", "PRIVATE")
    cities = f"{_city(origin, language)} – {_city(destination, language)}"
    event.add("summary", f"{words.flight} {entry.flight_number} {cities}")
    event.add("location", _place(origin, language))
    event.add("geo", (origin.airport.latitude, origin.airport.longitude))
    lines = [
        f"{words.departs}: {_time(origin, words)}, {_place(origin, language)}",
        f"{words.arrives}: {_time(destination, words)}, {_place(destination, language)}",
        *([f"{words.aircraft}: {entry.aircraft}"] if entry.aircraft else []),
        f"{words.booking}: {entry.reference}",
    ]
    event.add("description", "\n".join(lines))
    return event


def _city(place: CalendarPlace, language: Language) -> str:
    airport = place.airport
    return (language == "ar" and airport.arabic_city) or airport.city


def _place(place: CalendarPlace, language: Language) -> str:
    airport = place.airport
    name = (language == "ar" and airport.arabic_name) or airport.name
    terminal = f", {_WORDS[language].terminal} {place.terminal}" if place.terminal else ""
    return f"{name} ({airport.code}){terminal}"


def _time(place: CalendarPlace, words: _Words) -> str:
    return f"{place.local_time:%Y-%m-%d %H:%M} ({words.local_time})"
