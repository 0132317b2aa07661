"""The port that writes the flights of a booking as a calendar file."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from application.caller import Language
from application.inventory.airports import Airport

EntryStatus = Literal["tentative", "confirmed", "cancelled"]


class CalendarPlace(msgspec.Struct, frozen=True):
    """An airport with its terminal, "" where that is not known, and the local time there."""

    airport: Airport
    terminal: str
    local_time: dt.datetime


class CalendarEntry(msgspec.Struct, frozen=True):
    """One flight of a booking; nothing in it names a person.

    `uid` is the same for ever, `sequence` grows with every change (RFC 5545, 3.8.7.4). An unpaid
    flight is tentative.
    """

    uid: uuid.UUID
    sequence: int
    status: EntryStatus
    flight_number: str
    aircraft: str
    reference: str
    origin: CalendarPlace
    destination: CalendarPlace


class CalendarFileWriter(Protocol):
    """Writes calendar files (RFC 5545)."""

    def write(
        self, entries: Sequence[CalendarEntry], *, language: Language, written_at: dt.datetime
    ) -> bytes:
        """Return a calendar with one event for each entry, in UTF-8."""
        ...
