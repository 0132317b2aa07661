"""Read SSIM chapter 7: a header, a carrier, its legs with segment records, and a trailer.

Each line is a record of 200 bytes; lines of zeros, which fill blocks of tapes, are left out. Every
error of every line is found. Segment records (type 4) are checked and not kept: nothing that is
sold depends on them. A second leg of a number is refused, since a number has one departure a day.
"""

import datetime as dt
import re
from collections.abc import Callable

from application.inventory.season_files import SeasonFile
from domain.inventory.season import EVERY_DAY, LineError, SeasonLeg, TimeMode
from infrastructure.schedule_files import fields
from infrastructure.schedule_files.fields import NO_DAY, NO_TIME, Fields, season_file
from infrastructure.schedule_files.ssim_layout import (
    CARRIER,
    HEADER,
    LEG,
    LEG_KEY,
    LENGTH,
    MONTHS,
    SERIAL,
    TRAILER,
    UNTIL_FURTHER_NOTICE,
    take,
)

TIME_MODES: dict[str, TimeMode] = {"L": "local", "U": "utc"}
FORTNIGHTLY = "2"
# Flights that begin with the first leg; later ones are of through flights.
FIRST_LEG = "01"

_is_day = re.compile(r"([0-3][0-9])([A-Z]{3})([0-9]{2})").fullmatch
_is_carrier = re.compile(r"[A-Z][A-Z0-9]|[0-9][A-Z]").fullmatch


def read(text: str) -> SeasonFile:
    """Return the season and all errors."""
    reading = _Reading()
    for number, record in enumerate(text.splitlines(), start=1):
        if record.strip("0 ") and reading.is_record(number, record):
            reading.take_in(number, record)
    return reading.finished()


class _Reading:
    """What was read so far; `expected` are the types of record that may come next."""

    def __init__(self) -> None:
        self.errors: list[LineError] = []
        self.legs: list[SeasonLeg] = []
        self.lines: list[int] = []
        self.expected = "1"
        self.serial = 0
        self.last_line = 0
        self.key = ""
        self.times: TimeMode = "local"
        self.carrier = ""
        self.days = (NO_DAY, NO_DAY)
        self.readers: dict[str, Callable[[Fields, str], None]] = {
            "1": self._header,
            "2": self._carrier,
            "3": self._leg,
            "4": self._segment,
            "5": self._trailer,
        }

    def is_record(self, number: int, record: str) -> bool:
        """Whether the line has the form of a record; an error is kept otherwise."""
        self.last_line = number
        if len(record) != LENGTH or not record.isascii():
            self.errors.append(LineError(number, "record", "not_200_bytes"))
            return False
        return True

    def take_in(self, number: int, record: str) -> None:
        """Read a record of any type."""
        line = Fields(number, self.errors)
        if record[0] not in self.expected:
            wanted = f"{'_or_'.join(self.expected)}_expected"
            line.refuse("type", wanted if self.expected else "behind_the_end")
            if record[0] not in self.readers:
                return
        self._follow_serial(line, record)
        self.readers[record[0]](line, record)

    def _follow_serial(self, line: Fields, record: str) -> None:
        """A missing record is found by the serial number of the next."""
        text = record[SERIAL[0] - 1 : SERIAL[1]].strip()
        if not text.isdigit() or int(text) != self.serial + 1:
            line.refuse("serial", "not_the_next_number")
        self.serial = int(text) if text.isdigit() else self.serial + 1

    def _header(self, line: Fields, record: str) -> None:
        if take(record, HEADER, "title") != "AIRLINE STANDARD SCHEDULE DATA SET":
            line.refuse("title", "not_a_schedule_data_set")
        self.expected = "2"

    def _carrier(self, line: Fields, record: str) -> None:
        mode = TIME_MODES.get(take(record, CARRIER, "times"))
        if mode is None:
            line.refuse("times", "l_or_u_expected")
        self.times = mode or "local"
        self.carrier = take(record, CARRIER, "carrier")
        if _is_carrier(self.carrier) is None:
            line.refuse("carrier", "not_a_designator")
        first = line.read("first_day", take(record, CARRIER, "first_day"), _day, NO_DAY)
        last = line.read("last_day", take(record, CARRIER, "last_day"), _day, NO_DAY)
        line.require_period(first, last)
        self.days, self.expected = (first, last), "345"

    def _leg(self, line: Fields, record: str) -> None:
        self.expected, self.key = "345", record[LEG_KEY]
        if take(record, LEG, "carrier") != self.carrier:
            line.refuse("carrier", "not_that_of_the_file")
        if take(record, LEG, "sequence").zfill(2) != FIRST_LEG:
            line.refuse("leg", "through_flight")
        self.legs.append(self._read_leg(line, record))
        self.lines.append(line.line)

    def _read_leg(self, line: Fields, record: str) -> SeasonLeg:
        def text(field: str) -> str:
            return take(record, LEG, field)

        number = f"{self.carrier}{text('number')}{text('suffix')}"
        first = line.read("first_day", text("first_day"), _day, NO_DAY)
        last = line.read("last_day", text("last_day"), self._last_day, NO_DAY)
        line.require_period(first, last)
        if NO_DAY not in (first, last, *self.days) and not (
            self.days[0] <= first and last <= self.days[1]
        ):
            line.refuse("first_day", "outside_the_period_of_the_file")
        if text("frequency") not in ("", "1", FORTNIGHTLY):
            line.refuse("frequency", "1_or_2_expected")
        return SeasonLeg(
            number=line.read("flight", number, fields.flight, ""),
            origin=line.read("from", text("from"), fields.airport, ""),
            destination=line.read("to", text("to"), fields.airport, ""),
            first_day=first,
            last_day=last,
            days=line.read("days", record[LEG["days"][0] - 1 : LEG["days"][1]], _days, EVERY_DAY),
            departs=line.read("departs", text("departs"), fields.clock, NO_TIME),
            arrives=line.read("arrives", text("arrives"), fields.clock, NO_TIME),
            aircraft=line.read("aircraft", text("aircraft"), fields.aircraft, ""),
            departure_day=line.read("departure_day", text("departure_day"), _day_offset, 0),
            arrival_day=line.read("arrival_day", text("arrival_day"), _day_offset, 0),
            fortnightly=text("frequency") == FORTNIGHTLY,
            service=line.read("service", text("service"), fields.service, ""),
            configuration=line.read(
                "configuration", text("configuration"), fields.configuration, ""
            ),
            departure_terminal=line.read(
                "departure_terminal", text("departure_terminal"), fields.terminal, ""
            ),
            arrival_terminal=line.read(
                "arrival_terminal", text("arrival_terminal"), fields.terminal, ""
            ),
            departure_offset=line.read(
                "departure_offset", text("departure_offset"), fields.offset, None
            ),
            arrival_offset=line.read("arrival_offset", text("arrival_offset"), fields.offset, None),
        )

    def _last_day(self, text: str) -> dt.date:
        return self.days[1] if text == UNTIL_FURTHER_NOTICE else _day(text)

    def _segment(self, line: Fields, record: str) -> None:
        if record[LEG_KEY] != self.key:
            line.refuse("segment", "not_of_the_leg_before")

    def _trailer(self, line: Fields, record: str) -> None:
        if take(record, TRAILER, "carrier") != self.carrier:
            line.refuse("carrier", "not_that_of_the_file")
        if take(record, TRAILER, "end") != "E":
            line.refuse("end", "one_carrier_expected")
        before = take(record, TRAILER, "last_serial")
        if not before.isdigit() or int(before) != self.serial - 1:
            line.refuse("last_serial", "not_the_number_before")
        self.expected = ""

    def finished(self) -> SeasonFile:
        """Return what was read."""
        if self.expected:
            self.errors.append(LineError(self.last_line + 1, "type", "5_expected"))
        elif not self.legs:
            self.errors.append(LineError(self.last_line, "type", "no_legs"))
        return season_file(
            zip(self.legs, self.lines, strict=True),
            self.errors,
            self.carrier,
            self.times,
            self.days,
        )


def _day(text: str) -> dt.date:
    """Return a day such as 28MAR27."""
    found = _is_day(text)
    if found is None or found[2] not in MONTHS:
        raise ValueError("not_a_date")
    try:
        return dt.date(2000 + int(found[3]), MONTHS.index(found[2]) + 1, int(found[1]))
    except ValueError:
        raise ValueError("not_a_date") from None


def _days(text: str) -> str:
    """Return days of operation; each digit has its own place, such as `1 3 5 7`."""
    found = [each for place, each in enumerate(text, start=1) if each == str(place)]
    if not found or len(found) != len(text.replace(" ", "")):
        raise ValueError("not_days_of_operation")
    return "".join(found)


def _day_offset(text: str) -> int:
    return fields.day_offset("-1" if text == "J" else text)
