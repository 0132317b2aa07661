"""A schedule as CSV: a header, and a row for each leg.

Clock times are in the columns `departs_local` and `arrives_local`, or in `departs_utc` and
`arrives_utc`, which decides for periods and days of operation, too. Dates are ISO 8601. The days
that the file is meant for are in `valid_from` and `valid_to`, or follow from IATA's name of the
`season` (S27); otherwise they are those of its legs.
"""

import csv
import datetime as dt
import io

from application.inventory.season_files import SeasonFile
from domain.inventory.season import EVERY_DAY, LineError, Season, SeasonLeg, TimeMode, season_days
from infrastructure.schedule_files import fields
from infrastructure.schedule_files.fields import NO_DAY, NO_TIME, Fields

REQUIRED = ("flight", "from", "to", "first_day", "last_day", "days", "aircraft")
OPTIONAL = (
    *("departure_day", "arrival_day", "frequency", "service", "configuration"),
    *("departure_terminal", "arrival_terminal", "departure_offset", "arrival_offset"),
    *("season", "valid_from", "valid_to"),
)
TIMES: dict[TimeMode, tuple[str, str]] = {
    "local": ("departs_local", "arrives_local"),
    "utc": ("departs_utc", "arrives_utc"),
}
WEEKLY, FORTNIGHTLY = "1", "2"
# The carrier of a flight number has two characters.
_CARRIER = 2


def read(text: str) -> SeasonFile:
    """Return the season and all errors."""
    errors: list[LineError] = []
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        times = _times_of(header, errors)
        if times is None:
            return SeasonFile(None, errors=tuple(errors))
        read_rows = [
            _Row(Fields(rows.line_num, errors), header, row, times) for row in rows if any(row)
        ]
    except csv.Error:
        return SeasonFile(None, errors=(LineError(rows.line_num, "line", "not_csv"),))
    if not read_rows:
        errors.append(LineError(1, "line", "no_legs"))
    legs = [(row.leg(), row) for row in read_rows if row.is_whole()]
    wrong = {each.line for each in errors}
    legs = [(leg, row) for leg, row in legs if row.line.line not in wrong]
    return _season(legs, times, errors)


def _times_of(header: list[str], errors: list[LineError]) -> TimeMode | None:
    """Return which clock times the header names; None, with the errors, for a wrong header."""
    found: list[TimeMode] = [mode for mode, names in TIMES.items() if set(names) <= set(header)]
    if len(found) != 1:
        errors.append(LineError(1, "departs_local", "local_or_utc_columns_expected"))
    known = {*REQUIRED, *OPTIONAL, *(name for names in TIMES.values() for name in names)}
    errors.extend(LineError(1, name, "column_missing") for name in REQUIRED if name not in header)
    errors.extend(LineError(1, name, "column_unknown") for name in header if name not in known)
    if len(set(header)) != len(header):
        errors.append(LineError(1, "line", "column_twice"))
    return None if errors else found[0]


class _Row:
    """One row, by column."""

    def __init__(self, line: Fields, header: list[str], row: list[str], times: TimeMode) -> None:
        self.line = line
        self._whole = len(row) == len(header)
        self._values = {name: text.strip() for name, text in zip(header, row, strict=False)}
        self._times = TIMES[times]

    def is_whole(self) -> bool:
        """Whether the row has as many values as the header; an error is kept otherwise."""
        if not self._whole:
            self.line.refuse("line", "wrong_number_of_columns")
        return self._whole

    def text(self, name: str) -> str:
        """Return a value; "" where the file has no such column."""
        return self._values.get(name, "")

    def leg(self) -> SeasonLeg:
        """Return the leg; what is wrong is kept."""
        text, read = self.text, self.line.read
        first = read("first_day", text("first_day"), fields.iso_day, NO_DAY)
        last = read("last_day", text("last_day"), fields.iso_day, NO_DAY)
        self.line.require_period(first, last)
        if text("frequency") not in ("", WEEKLY, FORTNIGHTLY):
            self.line.refuse("frequency", "1_or_2_expected")
        departs, arrives = self._times
        return SeasonLeg(
            number=read("flight", text("flight"), fields.flight, ""),
            origin=read("from", text("from"), fields.airport, ""),
            destination=read("to", text("to"), fields.airport, ""),
            first_day=first,
            last_day=last,
            days=read("days", text("days"), fields.days, EVERY_DAY),
            departs=read(departs, text(departs).replace(":", ""), fields.clock, NO_TIME),
            arrives=read(arrives, text(arrives).replace(":", ""), fields.clock, NO_TIME),
            aircraft=read("aircraft", text("aircraft"), fields.aircraft, ""),
            departure_day=read("departure_day", text("departure_day"), fields.day_offset, 0),
            arrival_day=read("arrival_day", text("arrival_day"), fields.day_offset, 0),
            fortnightly=text("frequency") == FORTNIGHTLY,
            service=read("service", text("service") or "J", fields.service, ""),
            configuration=read("configuration", text("configuration"), fields.configuration, ""),
            departure_terminal=read(
                "departure_terminal", text("departure_terminal"), fields.terminal, ""
            ),
            arrival_terminal=read(
                "arrival_terminal", text("arrival_terminal"), fields.terminal, ""
            ),
            departure_offset=read(
                "departure_offset", text("departure_offset"), fields.offset, None
            ),
            arrival_offset=read("arrival_offset", text("arrival_offset"), fields.offset, None),
        )


def _season(
    legs: list[tuple[SeasonLeg, _Row]], times: TimeMode, errors: list[LineError]
) -> SeasonFile:
    """Return the season of legs that are each in order; what contradicts between them is kept."""
    if not legs:
        return SeasonFile(None, errors=tuple(sorted(errors)))
    carrier = legs[0][0].number[:_CARRIER]
    first = min(leg.first_day for leg, _ in legs)
    last = max(leg.last_day for leg, _ in legs)
    meant = [_meant_for(row) for _, row in legs]
    stated = next((each for each in meant if each is not None), None)
    for (leg, row), days in zip(legs, meant, strict=True):
        if leg.number[:_CARRIER] != carrier:
            row.line.refuse("flight", "one_carrier_expected")
        if days != stated:
            row.line.refuse("season", "not_that_of_the_file")
    if stated is not None and not stated[0] <= first <= last <= stated[1]:
        legs[0][1].line.refuse("season", "legs_outside_its_days")
    return fields.season_file(
        ((leg, row.line.line) for leg, row in legs), errors, carrier, times, stated or (first, last)
    )


def _meant_for(row: _Row) -> tuple[dt.date, dt.date] | None:
    """Return the days that a row states the file to be meant for; None where it states none."""
    first, last, name = row.text("valid_from"), row.text("valid_to"), row.text("season")
    if first or last:
        return (
            row.line.read("valid_from", first, fields.iso_day, NO_DAY),
            row.line.read("valid_to", last, fields.iso_day, NO_DAY),
        )
    days = season_days(name)
    if name and days is None:
        row.line.refuse("season", "not_a_season")
    return days


def write(season: Season) -> str:
    """Return the file. Rule: reading it returns the season."""
    lines = io.StringIO(newline="")
    rows = csv.writer(lines, lineterminator="\n")
    departs, arrives = TIMES[season.times]
    rows.writerow(
        [
            *("flight", "from", "to", "first_day", "last_day", "days", departs, arrives),
            *("aircraft", "configuration", "departure_day", "arrival_day", "frequency", "service"),
            *("departure_terminal", "arrival_terminal", "departure_offset", "arrival_offset"),
            *("valid_from", "valid_to"),
        ]
    )
    for leg in season.legs:
        rows.writerow([*_values(leg), season.first_day.isoformat(), season.last_day.isoformat()])
    return lines.getvalue()


def _values(leg: SeasonLeg) -> list[str]:
    return [
        *(leg.number, leg.origin, leg.destination),
        *(leg.first_day.isoformat(), leg.last_day.isoformat(), leg.days),
        *(f"{leg.departs:%H:%M}", f"{leg.arrives:%H:%M}", leg.aircraft, leg.configuration),
        *(str(leg.departure_day), str(leg.arrival_day)),
        FORTNIGHTLY if leg.fortnightly else WEEKLY,
        *(leg.service, leg.departure_terminal, leg.arrival_terminal),
        *(fields.offset_text(leg.departure_offset), fields.offset_text(leg.arrival_offset)),
    ]
