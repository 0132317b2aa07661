"""A season's schedule: flight numbers over periods, and the departures that they stand for.

Source: IATA SSIM, chapter 7. A leg names a period, days of operation and clock times; a departure
is one of its days. The identity of a departure is its number with the date, local at the origin:
a second departure of a number on one day needs an operational suffix (ZZ101A), and the legs of a
through flight need numbers of their own.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from domain.inventory.schedule import LONGEST
from domain.kernel import ids

TimeMode = Literal["local", "utc"]
"""Whether clock times, periods and days of operation are local at each airport, or UTC."""

EVERY_DAY = "1234567"
"""Days of operation; Monday is 1."""

# SSIM appendix C: scheduled and additional flights that carry passengers.
PASSENGER_SERVICES = frozenset("JSQGBR")
_MINUTE = dt.timedelta(minutes=1)
ONE_DAY = dt.timedelta(days=1)


class SeasonLeg(msgspec.Struct, frozen=True):
    """One flight number between two airports over a period, both of its days included.

    `departure_day` and `arrival_day` count from the day of operation: an arrival after midnight has
    1, and so has a departure that was moved behind midnight. `configuration` is SSIM's, as in
    `J012Y132`; "" for the first one of the type. The offsets are those from UTC in minutes by which
    the file's author reckoned; None where it has none.
    """

    number: str
    origin: str
    destination: str
    first_day: dt.date
    last_day: dt.date
    days: str
    departs: dt.time
    arrives: dt.time
    aircraft: str
    departure_day: int = 0
    arrival_day: int = 0
    fortnightly: bool = False
    service: str = "J"
    configuration: str = ""
    departure_terminal: str = ""
    arrival_terminal: str = ""
    departure_offset: int | None = None
    arrival_offset: int | None = None


class Season(msgspec.Struct, frozen=True):
    """The legs of one carrier, and the days that the schedule is meant for, both included."""

    carrier: str
    times: TimeMode
    first_day: dt.date
    last_day: dt.date
    legs: tuple[SeasonLeg, ...]


class LineError(msgspec.Struct, frozen=True, order=True):
    """What is wrong in a line of the file, counted from 1."""

    line: int
    field: str
    reason: str


class SeasonDeparture(msgspec.Struct, frozen=True):
    """One day of a leg; instants are UTC, `line` is the leg's in the file."""

    flight_id: str
    number: str
    origin: str
    destination: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    aircraft: str
    configuration: str
    departure_terminal: str
    arrival_terminal: str
    line: int


def season_days(name: str) -> tuple[dt.date, dt.date] | None:
    """Return first and last day of an IATA season: S27 begins on the last Sunday of March 2027,
    W27 on that of October, and each ends on the day before the other; None for other names.
    """
    kind, digits = name[:1], name[1:]
    if kind not in ("S", "W") or len(digits) != len("27") or not digits.isascii():
        return None
    if not digits.isdigit():
        return None
    year = 2000 + int(digits)
    if kind == "S":
        return _last_sunday(year, 3), _last_sunday(year, 10) - ONE_DAY
    return _last_sunday(year, 10), _last_sunday(year + 1, 3) - ONE_DAY


def _last_sunday(year: int, month: int) -> dt.date:
    last = dt.date(year, month, 31)
    return last - ONE_DAY * (last.isoweekday() % len(EVERY_DAY))


def operating_days(leg: SeasonLeg) -> Iterator[dt.date]:
    """Yield the days of operation of a leg, in order."""
    for count in range((leg.last_day - leg.first_day).days + 1):
        day = leg.first_day + ONE_DAY * count
        in_week = not leg.fortnightly or count // len(EVERY_DAY) % 2 == 0
        if in_week and str(day.isoweekday()) in leg.days:
            yield day


def instant(day: dt.date, clock: dt.time, zone: str) -> dt.datetime:
    """Return the UTC instant at which the clocks of the zone show this time on this day.

    A time that the clocks skip in spring is read as if they had not; of a time shown twice in
    autumn the first is meant.
    """
    return dt.datetime.combine(day, clock, tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def departures_of(
    season: Season, lines: tuple[int, ...], zones: Mapping[str, str], *, limit: int
) -> tuple[list[SeasonDeparture], list[LineError]]:
    """Return every departure of the passenger legs, and what is wrong with legs, once per leg.

    `lines` are those of the legs; `zones` are the time zones of the airports that are served. A
    leg with an error has no departures, and none is looked at behind more than `limit` departures.
    """
    found: dict[str, SeasonDeparture] = {}
    errors: list[LineError] = []
    for leg, line in zip(season.legs, lines, strict=True):
        if leg.service not in PASSENGER_SERVICES:
            continue
        wrong = _error_of(leg, zones)
        days: list[SeasonDeparture] = []
        if wrong is None:
            days, wrong = _days_of(leg, line, season.times, zones)
        if wrong is None and any(each.flight_id in found for each in days):
            wrong = ("flight", "second_departure")
        if wrong is not None:
            errors.append(LineError(line, *wrong))
            continue
        found.update((each.flight_id, each) for each in days)
        if len(found) > limit:
            errors.append(LineError(line, "line", "too_many_departures"))
            break
    return list(found.values()), errors


def _error_of(leg: SeasonLeg, zones: Mapping[str, str]) -> tuple[str, str] | None:
    """Return field and reason of what is wrong with the airports of a leg."""
    for field, airport in (("from", leg.origin), ("to", leg.destination)):
        if airport not in zones:
            return field, "airport_not_served"
    return ("to", "route") if leg.origin == leg.destination else None


def _days_of(
    leg: SeasonLeg, line: int, times: TimeMode, zones: Mapping[str, str]
) -> tuple[list[SeasonDeparture], tuple[str, str] | None]:
    days: list[SeasonDeparture] = []
    origin, destination = zones[leg.origin], zones[leg.destination]
    for day in operating_days(leg):
        departs_on, arrives_on = day + ONE_DAY * leg.departure_day, day + ONE_DAY * leg.arrival_day
        if times == "utc":
            departs_at = instant(departs_on, leg.departs, "UTC")
            arrives_at = instant(arrives_on, leg.arrives, "UTC")
        else:
            departs_at = _local(departs_on, leg.departs, origin, leg.departure_offset)
            arrives_at = _local(arrives_on, leg.arrives, destination, leg.arrival_offset)
        if not departs_at < arrives_at <= departs_at + LONGEST:
            return [], ("arrives", "times")
        if not _is_offset(leg.departure_offset, departs_at, origin):
            return [], ("departure_offset", "not_of_the_zone")
        if not _is_offset(leg.arrival_offset, arrives_at, destination):
            return [], ("arrival_offset", "not_of_the_zone")
        days.append(_departure(leg, line, departs_at, arrives_at, origin))
    return days, None if days else ("days", "no_day_in_the_period")


def _local(day: dt.date, clock: dt.time, zone: str, minutes: int | None) -> dt.datetime:
    """Return the instant by the file's own offset, where it has one: that is never ambiguous."""
    if minutes is None:
        return instant(day, clock, zone)
    return instant(day, clock, "UTC") - _MINUTE * minutes


def _departure(
    leg: SeasonLeg, line: int, departs_at: dt.datetime, arrives_at: dt.datetime, zone: str
) -> SeasonDeparture:
    local = departs_at.astimezone(ZoneInfo(zone)).date() - ONE_DAY * leg.departure_day
    return SeasonDeparture(
        flight_id=ids.flight_stream(leg.number, local.isoformat()),
        number=leg.number,
        origin=leg.origin,
        destination=leg.destination,
        departs_at=departs_at,
        arrives_at=arrives_at,
        aircraft=leg.aircraft,
        configuration=leg.configuration,
        departure_terminal=leg.departure_terminal,
        arrival_terminal=leg.arrival_terminal,
        line=line,
    )


def _is_offset(minutes: int | None, at: dt.datetime, zone: str) -> bool:
    """Whether the zone has this offset at the instant; a file without one agrees with all."""
    return minutes is None or offset_minutes(at, zone) == minutes


def offset_minutes(at: dt.datetime, zone: str) -> int:
    """Return by how many minutes the clocks of the zone are ahead of UTC at the instant."""
    offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None, "an instant in a zone has an offset"
    return offset // _MINUTE
