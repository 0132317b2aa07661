"""Departures written as a season's legs: periods with days of operation, as airlines print them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.inventory.season import (
    EVERY_DAY,
    ONE_DAY,
    SeasonDeparture,
    SeasonLeg,
    TimeMode,
    offset_minutes,
)
from domain.kernel import ids


class _Pattern(NamedTuple):
    """What the departures of a leg have in common."""

    number: str
    origin: str
    destination: str
    departs: dt.time
    arrives: dt.time
    departure_day: int
    arrival_day: int
    aircraft: str
    configuration: str
    terminals: tuple[str, str]
    offsets: tuple[int, int]


def legs_of(
    departures: Iterable[SeasonDeparture], *, times: TimeMode, zones: Mapping[str, str]
) -> tuple[SeasonLeg, ...]:
    """Return the legs that stand for exactly these departures, by number and first day.

    A leg ends where the clocks of one of its airports change: it has one offset at each.
    """
    patterns: dict[_Pattern, list[dt.date]] = defaultdict(list)
    for each in departures:
        day, pattern = _pattern(each, times, zones)
        patterns[pattern].append(day)
    legs = [
        _leg(pattern, first, last, weekdays)
        for pattern, days in patterns.items()
        for first, last, weekdays in periods_of(days)
    ]
    return tuple(sorted(legs, key=lambda leg: (leg.number, leg.first_day, leg.days, leg.departs)))


def _pattern(
    departure: SeasonDeparture, times: TimeMode, zones: Mapping[str, str]
) -> tuple[dt.date, _Pattern]:
    """Return the day of operation, and the pattern.

    A departure that was moved to another day keeps the day of its id.
    """
    origin, destination = zones[departure.origin], zones[departure.destination]
    utc = times == "utc"
    departs = departure.departs_at.astimezone(ZoneInfo("UTC" if utc else origin))
    arrives = departure.arrives_at.astimezone(ZoneInfo("UTC" if utc else destination))
    local = departure.departs_at.astimezone(ZoneInfo(origin)).date()
    moved_by = (local - ids.flight_date(departure.flight_id)).days
    day = departs.date() - ONE_DAY * moved_by
    return day, _Pattern(
        departure.number,
        departure.origin,
        departure.destination,
        departs.time().replace(fold=0),
        arrives.time().replace(fold=0),
        moved_by,
        (arrives.date() - day).days,
        departure.aircraft,
        departure.configuration,
        (departure.departure_terminal, departure.arrival_terminal),
        (
            offset_minutes(departure.departs_at, origin),
            offset_minutes(departure.arrives_at, destination),
        ),
    )


def periods_of(days: Iterable[dt.date]) -> list[tuple[dt.date, dt.date, str]]:
    """Return first day, last day and days of operation of periods with exactly these days.

    One period where that is possible; otherwise days of the week that operate in the same weeks
    share one.
    """
    ordered = sorted(set(days))
    whole = _whole(ordered)
    if whole is not None:
        return [whole]
    runs: dict[tuple[dt.date, dt.date], list[dt.date]] = defaultdict(list)
    by_weekday: dict[int, list[dt.date]] = defaultdict(list)
    for day in ordered:
        by_weekday[day.isoweekday()].append(day)
    for found in by_weekday.values():
        for first, last in _weekly_runs(found):
            runs[_monday(first), _monday(last)] += [first, last]
    return sorted(
        (min(ends), max(ends), "".join(sorted({str(each.isoweekday()) for each in ends})))
        for ends in runs.values()
    )


def _whole(days: list[dt.date]) -> tuple[dt.date, dt.date, str] | None:
    """Return the one period that has all these days and no other; None if there is none."""
    weekdays = {day.isoweekday() for day in days}
    if not days:
        return None
    count = sum(
        (days[0] + ONE_DAY * each).isoweekday() in weekdays
        for each in range((days[-1] - days[0]).days + 1)
    )
    if count != len(days):
        return None
    return days[0], days[-1], "".join(str(each) for each in sorted(weekdays))


def _weekly_runs(days: list[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Return the runs of one day of the week in consecutive weeks."""
    runs: list[tuple[dt.date, dt.date]] = []
    for day in days:
        if runs and day - runs[-1][1] == ONE_DAY * len(EVERY_DAY):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _monday(day: dt.date) -> dt.date:
    return day - ONE_DAY * (day.isoweekday() - 1)


def _leg(pattern: _Pattern, first: dt.date, last: dt.date, weekdays: str) -> SeasonLeg:
    return SeasonLeg(
        number=pattern.number,
        origin=pattern.origin,
        destination=pattern.destination,
        first_day=first,
        last_day=last,
        days=weekdays,
        departs=pattern.departs,
        arrives=pattern.arrives,
        aircraft=pattern.aircraft,
        departure_day=pattern.departure_day,
        arrival_day=pattern.arrival_day,
        configuration=pattern.configuration,
        departure_terminal=pattern.terminals[0],
        arrival_terminal=pattern.terminals[1],
        departure_offset=pattern.offsets[0],
        arrival_offset=pattern.offsets[1],
    )
