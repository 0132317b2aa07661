"""Schedules of a real shape, of our own making: 200 flight numbers with 50 departures each.

Numbers go out and back between airports at home and abroad, daily or on some days of the week, over
periods that begin one after the other. The legs have the offsets of their zones, so that those to
London end where its clocks change.
"""

import datetime as dt
from collections.abc import Iterator

import msgspec
from hypothesis import strategies as st

from application.inventory.cabin_plan import PlannedCabin
from application.inventory.fleet import FareLevel, Fleet, FleetAircraft, RouteFares
from application.inventory.fleet_file import (
    CABINS,
    FareLevelRequest,
    FleetAircraftRequest,
    FleetCabinRequest,
    FleetRequest,
    RouteFaresRequest,
)
from domain.inventory import season, season_legs
from domain.inventory.season import EVERY_DAY, ONE_DAY, Season, SeasonDeparture, SeasonLeg
from domain.kernel import ids
from infrastructure.airports.world import load_airports

CARRIER = "ZZ"
ROUTES = (("RUH", "JED"), ("RUH", "DMM"), ("JED", "DXB"), ("RUH", "CAI"), ("JED", "LHR"))
MINUTES = {"JED": 105, "DMM": 70, "DXB": 175, "CAI": 165, "LHR": 400}
PATTERNS = (EVERY_DAY, "1357", "246", EVERY_DAY, "12345")
TYPES = ("320", "321", "789")
NUMBERS, EACH = 200, 50
# The clocks of London change in it.
FIRST_DAY = dt.date(2027, 2, 1)

FLEET = Fleet(
    aircraft=(
        FleetAircraft(
            "320", (PlannedCabin("J", 12, 1, "ACDF"), PlannedCabin("Y", 132, 11, "ABCDEF"))
        ),
        FleetAircraft(
            "321", (PlannedCabin("J", 16, 1, "ACDF"), PlannedCabin("Y", 166, 11, "ABCDEF"))
        ),
        FleetAircraft(
            "789", (PlannedCabin("J", 24, 1, "ADGK"), PlannedCabin("Y", 274, 20, "ABCDEFHJK"))
        ),
    ),
    fares=(
        RouteFares(
            tuple(f"{a}-{b}" for pair in ROUTES for a, b in (pair, pair[::-1])),
            "SAR",
            (
                FareLevel("Y", "Y", 60_000),
                FareLevel("K", "Y", 40_000, seat_percent=45),
                FareLevel("J", "J", 150_000),
            ),
        ),
    ),
)


def fleet_file() -> bytes:
    """The fleet as the JSON that the command reads."""
    names = {code: name for name, code in CABINS.items()}
    found = FleetRequest(
        aircraft=[
            FleetAircraftRequest(
                each.code,
                [
                    FleetCabinRequest(
                        names[cabin.cabin],  # type: ignore[arg-type]  # one of the literals
                        cabin.seat_count,
                        cabin.first_row,
                        cabin.letters,
                    )
                    for cabin in each.cabins
                ],
            )
            for each in FLEET.aircraft
        ],
        fares=[
            RouteFaresRequest(
                list(each.routes),
                each.currency,
                [
                    FareLevelRequest(
                        level.code,
                        names[level.cabin],  # type: ignore[arg-type]  # one of the literals
                        level.fare,
                        level.seat_percent,
                    )
                    for level in each.classes
                ],
            )
            for each in FLEET.fares
        ],
    )
    return msgspec.json.encode(found)


def zones() -> dict[str, str]:
    """The time zones of all airports."""
    return {code: airport.zone for code, airport in load_airports().items()}


def season_of(
    *,
    numbers: int = NUMBERS,
    each: int = EACH,
    first_day: dt.date = FIRST_DAY,
    number_from: int = 2_000,
) -> Season:
    """The schedule: so many flight numbers with so many departures each, times local."""
    found = [
        departure
        for index in range(numbers)
        for departure in _departures(index, f"{CARRIER}{number_from + index}", each, first_day)
    ]
    legs = season_legs.legs_of(found, times="local", zones=zones())
    last = max(leg.last_day for leg in legs)
    return Season(CARRIER, "local", first_day, last, legs)


def _departures(
    index: int, number: str, each: int, first_day: dt.date
) -> Iterator[SeasonDeparture]:
    origin, destination = ROUTES[index // 2 % len(ROUTES)][:: 1 if index % 2 == 0 else -1]
    minutes = MINUTES.get(destination) or MINUTES[origin]
    departs = dt.time(6 + index % 14, index % 12 * 5)
    day = first_day + ONE_DAY * (index % 30)
    count = 0
    while count < each:
        if str(day.isoweekday()) in PATTERNS[index % len(PATTERNS)]:
            count += 1
            departs_at = season.instant(day, departs, load_airports()[origin].zone)
            yield SeasonDeparture(
                flight_id=ids.flight_stream(number, day.isoformat()),
                number=number,
                origin=origin,
                destination=destination,
                departs_at=departs_at,
                arrives_at=departs_at + dt.timedelta(minutes=minutes),
                aircraft=TYPES[index % 2] if minutes < 300 else TYPES[2],
                configuration="",
                departure_terminal="1" if origin == "JED" else "",
                arrival_terminal="",
                line=0,
            )
        day += ONE_DAY


def changed(before: Season) -> Season:
    """The schedule as it is planned anew: of every 20 numbers one leaves three hours later, one has
    other aircraft, and one loses the first day of its period; one of all is named no more and
    another one is new.
    """
    legs: list[SeasonLeg] = []
    for leg in before.legs:
        index, known = int(leg.number[2:]), {each.number for each in legs}
        if index % 20 == 1:
            leg = _later(leg)
        elif index % 20 == 2:
            leg = msgspec.structs.replace(leg, aircraft="789")
        elif index % 20 == 3 and leg.number not in known:
            leg = msgspec.structs.replace(leg, first_day=leg.first_day + ONE_DAY)
        legs.append(leg)
    last = legs[-1].number
    legs = [leg for leg in legs if leg.number != last]
    fresh = msgspec.structs.replace(legs[0], number=f"{CARRIER}2900A")
    return msgspec.structs.replace(before, legs=(*legs, fresh))


def _later(leg: SeasonLeg) -> SeasonLeg:
    """The leg three hours later; none leaves so late that it would be another day."""
    arrives = dt.datetime.combine(leg.first_day, leg.arrives, dt.UTC) + dt.timedelta(hours=3)
    return msgspec.structs.replace(
        leg,
        departs=leg.departs.replace(hour=leg.departs.hour + 3),
        arrives=arrives.time(),
        arrival_day=leg.arrival_day + (arrives.date() - leg.first_day).days,
    )


_designators = st.from_regex(r"[A-Z][A-Z0-9]|[0-9][A-Z]", fullmatch=True)
_airports = st.from_regex(r"[A-Z]{3}", fullmatch=True)
_clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0, fold=0))
_offsets = st.none() | st.integers(-12 * 60, 14 * 60)


@st.composite
def seasons(draw: st.DrawFn) -> Season:
    """Any season that both forms can hold; its legs need not be flown."""
    carrier = draw(_designators)
    first = draw(st.dates(dt.date(2001, 1, 1), dt.date(2098, 1, 1)))
    last = first + ONE_DAY * draw(st.integers(0, 366))
    legs = draw(st.lists(_legs(carrier, first, last), min_size=1, max_size=8))
    return Season(carrier, draw(st.sampled_from(("local", "utc"))), first, last, tuple(legs))


def _legs(carrier: str, first: dt.date, last: dt.date) -> st.SearchStrategy[SeasonLeg]:
    span = (last - first).days
    periods = st.tuples(st.integers(0, span), st.integers(0, span)).map(sorted)
    return st.builds(
        lambda number, suffix, period, **others: SeasonLeg(
            number=f"{carrier}{number}{suffix}",
            first_day=first + ONE_DAY * period[0],
            last_day=first + ONE_DAY * period[1],
            **others,
        ),
        number=st.integers(1, 9999),
        suffix=st.sampled_from(("", "A", "Z")),
        period=periods,
        origin=_airports,
        destination=_airports,
        days=st.sets(st.sampled_from(EVERY_DAY), min_size=1).map(lambda d: "".join(sorted(d))),
        departs=_clocks,
        arrives=_clocks,
        aircraft=st.from_regex(r"[A-Z0-9]{3}", fullmatch=True),
        departure_day=st.integers(-1, 9),
        arrival_day=st.integers(-1, 9),
        fortnightly=st.booleans(),
        service=st.sampled_from("JSFPG"),
        configuration=st.from_regex(r"([A-Z][0-9]{1,3}){0,5}", fullmatch=True),
        departure_terminal=st.from_regex(r"[A-Z0-9]{0,2}", fullmatch=True),
        arrival_terminal=st.from_regex(r"[A-Z0-9]{0,2}", fullmatch=True),
        departure_offset=_offsets,
        arrival_offset=_offsets,
    )
