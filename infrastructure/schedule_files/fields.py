"""How the fields of both forms are read; what is wrong with a field is kept with its line."""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from application.inventory.season_files import SeasonFile
from domain.inventory.season import EVERY_DAY, LineError, Season, SeasonLeg, TimeMode
from domain.kernel import ids

Value = TypeVar("Value")

# What a leg has where a field could not be read: the file is refused, the value is never used.
NO_DAY = dt.date.min
NO_TIME = dt.time.min
LONGEST_PERIOD_DAYS = 366

_is_airport = re.compile(r"[A-Z]{3}").fullmatch
_is_aircraft = re.compile(r"[A-Z0-9]{3}").fullmatch
_is_terminal = re.compile(r"[A-Z0-9]{0,2}").fullmatch
_is_configuration = re.compile(r"(?:[A-Z][0-9]{1,3}){0,5}").fullmatch
_is_clock = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9]").fullmatch
_is_offset = re.compile(r"([+-])([01][0-9])([0-5][0-9])").fullmatch
_is_service = re.compile(r"[A-Z]").fullmatch
# Between the day of operation and that of departure or arrival (SSIM: J is the day before).
_is_day_offset = re.compile(r"-1|[0-9]").fullmatch


class Fields:
    """Reads the fields of one line; each error is appended to `errors`, and reading goes on."""

    def __init__(self, line: int, errors: list[LineError]) -> None:
        self.line = line
        self._errors = errors

    def refuse(self, field: str, reason: str) -> None:
        """Keep that a field of this line is wrong."""
        self._errors.append(LineError(self.line, field, reason))

    def require_period(self, first: dt.date, last: dt.date) -> None:
        """Keep an error where a period ends before it begins, or lasts longer than a year."""
        if NO_DAY in (first, last):
            return
        if last < first:
            self.refuse("last_day", "before_the_first")
        elif (last - first).days > LONGEST_PERIOD_DAYS:
            self.refuse("last_day", "longer_than_a_year")

    def read(self, field: str, text: str, reader: Callable[[str], Value], instead: Value) -> Value:
        """Return what the reader returns; `instead` where it raises a ValueError, whose text is
        the reason that is kept.
        """
        try:
            return reader(text)
        except ValueError as wrong:
            self.refuse(field, str(wrong))
            return instead


def season_file(
    legs: Iterable[tuple[SeasonLeg, int]],
    errors: list[LineError],
    carrier: str,
    times: TimeMode,
    days: tuple[dt.date, dt.date],
) -> SeasonFile:
    """Return the legs without an error, with their lines, and all errors."""
    wrong = {each.line for each in errors}
    kept = [(leg, line) for leg, line in legs if line not in wrong]
    season = Season(carrier, times, *days, tuple(leg for leg, _ in kept)) if kept else None
    return SeasonFile(season, tuple(line for _, line in kept), tuple(sorted(errors)))


def flight(text: str) -> str:
    """Return a flight number in its one form."""
    if re.fullmatch(ids.FLIGHT_NUMBER_PATTERN, text) is None:
        raise ValueError("not_a_flight_number")
    return ids.flight_number(text)


def airport(text: str) -> str:
    """Return an IATA code."""
    return _matching(text, _is_airport, "not_an_airport_code")


def aircraft(text: str) -> str:
    """Return IATA's code of an aircraft type."""
    return _matching(text, _is_aircraft, "not_an_aircraft_code")


def terminal(text: str) -> str:
    """Return a terminal, "" for none."""
    return _matching(text, _is_terminal, "not_a_terminal")


def configuration(text: str) -> str:
    """Return a configuration such as J012Y132, "" for none."""
    return _matching(text, _is_configuration, "not_a_configuration")


def service(text: str) -> str:
    """Return a service type of SSIM."""
    return _matching(text, _is_service, "not_a_service_type")


def clock(text: str) -> dt.time:
    """Return a time of four digits."""
    _matching(text, _is_clock, "not_a_time")
    return dt.time(int(text[:2]), int(text[2:]))


def offset(text: str) -> int | None:
    """Return an offset from UTC such as +0300 in minutes; None where it is left out."""
    if not text:
        return None
    found = _is_offset(text)
    if found is None:
        raise ValueError("not_an_offset")
    sign, hours, minutes = found.groups()
    return (int(hours) * 60 + int(minutes)) * (-1 if sign == "-" else 1)


def offset_text(minutes: int | None) -> str:
    """Return an offset as it is read."""
    if minutes is None:
        return ""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}{rest:02}"


def day_offset(text: str) -> int:
    """Return how many days after the day of operation; 0 where it is left out."""
    return int(_matching(text or "0", _is_day_offset, "not_a_number_of_days"))


def days(text: str) -> str:
    """Return days of operation, such as 1357."""
    if not text or text != "".join(each for each in EVERY_DAY if each in text):
        raise ValueError("not_days_of_operation")
    return text


def iso_day(text: str) -> dt.date:
    """Return an ISO date, of the century that SSIM's two digits of a year are of."""
    try:
        if len(text) == len("2027-03-28") and text.startswith("20"):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError("not_a_date")


def _matching(text: str, matches: Callable[[str], object], reason: str) -> str:
    if matches(text) is None:
        raise ValueError(reason)
    return text
