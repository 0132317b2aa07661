"""Write SSIM chapter 7. Without a clock: the dates of creation and release are the first day."""

import datetime as dt
from collections import Counter

from domain.inventory.season import EVERY_DAY, Season, SeasonLeg, season_days
from infrastructure.schedule_files import fields
from infrastructure.schedule_files.ssim_layout import (
    CARRIER,
    HEADER,
    LEG,
    MONTHS,
    TRAILER,
    Layout,
    record_of,
)
from infrastructure.schedule_files.ssim_reader import FIRST_LEG, FORTNIGHTLY, TIME_MODES

# The carrier of a flight number has two characters.
_CARRIER = 2
_MODES = {mode: letter for letter, mode in TIME_MODES.items()}
# The numbers of a flight's periods have two digits and a third elsewhere.
VARIATION_LIMIT = 999


def write(season: Season) -> str:
    """Return the file, a record a line. Rule: reading it returns the season."""
    first, last = _day(season.first_day), _day(season.last_day)
    lines = [
        _line(
            HEADER,
            1,
            {
                "type": "1",
                "title": "AIRLINE STANDARD SCHEDULE DATA SET",
                "seasons": "1",
                "data_set": "001",
            },
        ),
        _line(
            CARRIER,
            2,
            {
                "type": "2",
                "times": _MODES[season.times],
                "carrier": season.carrier,
                "season": _season_name(season),
                "first_day": first,
                "last_day": last,
                "created": first,
                "released": first,
                "status": "C",
            },
        ),
    ]
    periods: Counter[str] = Counter()
    for leg in season.legs:
        periods[leg.number] += 1
        lines.append(_line(LEG, len(lines) + 1, _leg(leg, periods[leg.number])))
    lines.append(
        _line(
            TRAILER,
            len(lines) + 1,
            {
                "type": "5",
                "carrier": season.carrier,
                "released": first,
                "last_serial": f"{len(lines):06}",
                "end": "E",
            },
        )
    )
    return "".join(f"{line}\n" for line in lines)


def _line(layout: Layout, serial: int, values: dict[str, str]) -> str:
    return record_of(layout, {**values, "serial": f"{serial:06}"})


def _leg(leg: SeasonLeg, variation: int) -> dict[str, str]:
    assert variation <= VARIATION_LIMIT, "a file has fewer periods of a number"
    suffix = leg.number[-1] if leg.number[-1].isalpha() else ""
    overflow, variation = divmod(variation, 100)
    departs, arrives = f"{leg.departs:%H%M}", f"{leg.arrives:%H%M}"
    return {
        "type": "3",
        "suffix": suffix,
        "carrier": leg.number[:_CARRIER],
        "number": leg.number[_CARRIER:].removesuffix(suffix).rjust(4),
        "variation": f"{variation:02}",
        "sequence": FIRST_LEG,
        "service": leg.service,
        "first_day": _day(leg.first_day),
        "last_day": _day(leg.last_day),
        "days": "".join(each if each in leg.days else " " for each in EVERY_DAY),
        "frequency": FORTNIGHTLY if leg.fortnightly else "",
        "from": leg.origin,
        "departs": departs,
        "aircraft_departs": departs,
        "departure_offset": fields.offset_text(leg.departure_offset),
        "departure_terminal": leg.departure_terminal,
        "to": leg.destination,
        "aircraft_arrives": arrives,
        "arrives": arrives,
        "arrival_offset": fields.offset_text(leg.arrival_offset),
        "arrival_terminal": leg.arrival_terminal,
        "aircraft": leg.aircraft,
        "variation_overflow": str(overflow) if overflow else "",
        "configuration": leg.configuration,
        "departure_day": _day_offset(leg.departure_day),
        "arrival_day": _day_offset(leg.arrival_day),
    }


def _day(day: dt.date) -> str:
    return f"{day:%d}{MONTHS[day.month - 1]}{day:%y}"


def _day_offset(days: int) -> str:
    return "J" if days < 0 else str(days)


def _season_name(season: Season) -> str:
    """Return IATA's name of the season that the file is for; "" where it is another period."""
    for kind in "SW":
        name = f"{kind}{season.first_day:%y}"
        if season_days(name) == (season.first_day, season.last_day):
            return name
    return ""
