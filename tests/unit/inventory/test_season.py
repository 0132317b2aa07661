"""A season's legs stand for departures, and departures are written as legs again."""

import datetime as dt
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.inventory import season, season_legs
from domain.inventory.season import LineError, Season, SeasonDeparture, SeasonLeg, TimeMode
from domain.kernel import ids
from tests.support import season_files
from tests.support.season_files import zones

MONDAY = dt.date(2027, 3, 29)
LEG = SeasonLeg(
    number="ZZ101",
    origin="RUH",
    destination="LHR",
    first_day=MONDAY,
    last_day=MONDAY + dt.timedelta(days=13),
    days="15",
    departs=dt.time(23, 30),
    arrives=dt.time(5, 0),
    aircraft="789",
    arrival_day=1,
)


def departures(
    *legs: SeasonLeg, times: TimeMode = "local", limit: int = 1_000
) -> tuple[list[SeasonDeparture], list[LineError]]:
    first, last = min(leg.first_day for leg in legs), max(leg.last_day for leg in legs)
    found = Season("ZZ", times, first, last, legs)
    lines = tuple(range(3, 3 + len(legs)))
    return season.departures_of(found, lines, zones(), limit=limit)


def errors(*legs: SeasonLeg, times: TimeMode = "local", limit: int = 1_000) -> list[LineError]:
    return departures(*legs, times=times, limit=limit)[1]


def altered(**values: object) -> SeasonLeg:
    return msgspec.structs.replace(LEG, **values)


def test_the_seasons_of_iata_begin_on_the_last_sundays_of_march_and_october() -> None:
    assert season.season_days("S27") == (dt.date(2027, 3, 28), dt.date(2027, 10, 30))
    assert season.season_days("W27") == (dt.date(2027, 10, 31), dt.date(2028, 3, 25))
    assert [season.season_days(name) for name in ("", "S", "X27", "S2", "Sab", "S-1")] == [None] * 6


def test_a_leg_departs_on_its_days_of_operation_at_its_local_times() -> None:
    found, wrong = departures(LEG)
    assert wrong == []
    assert [each.flight_id for each in found] == [
        f"flight-ZZ101-2027-{day}" for day in ("03-29", "04-02", "04-05", "04-09")
    ]
    assert found[0].departs_at == dt.datetime(2027, 3, 29, 20, 30, tzinfo=dt.UTC)
    # London has summer time.
    assert found[0].arrives_at == dt.datetime(2027, 3, 30, 4, 0, tzinfo=dt.UTC)


def test_a_leg_of_every_second_week_skips_the_others() -> None:
    found, _ = departures(altered(fortnightly=True))
    assert [ids.flight_date(each.flight_id).day for each in found] == [29, 2]


def test_in_utc_the_day_of_a_flight_is_still_the_local_one_of_its_departure() -> None:
    leg = altered(departs=dt.time(22, 30), arrives=dt.time(6, 0), days="7", arrival_day=1)
    found, _ = departures(leg, times="utc")
    # 22:30 UTC on a Sunday is Monday in Riyadh.
    assert [each.flight_id for each in found] == [
        "flight-ZZ101-2027-04-05",
        "flight-ZZ101-2027-04-12",
    ]


def test_a_departure_that_was_moved_behind_midnight_keeps_the_day_of_its_id() -> None:
    leg = altered(departs=dt.time(0, 30), departure_day=1, days="1", last_day=MONDAY)
    [found], _ = departures(leg)
    assert found.flight_id == "flight-ZZ101-2027-03-29"
    assert found.departs_at.astimezone(ZoneInfo("Asia/Riyadh")).day == 30
    assert season_legs.legs_of([found], times="local", zones=zones()) == (
        msgspec.structs.replace(leg, departure_offset=180, arrival_offset=60),
    )


@pytest.mark.parametrize(
    ("values", "field", "reason"),
    [
        ({"origin": "QQQ"}, "from", "airport_not_served"),
        ({"destination": "QQQ"}, "to", "airport_not_served"),
        ({"destination": "RUH"}, "to", "route"),
        ({"arrival_day": 0}, "arrives", "times"),
        ({"arrival_day": 2}, "arrives", "times"),
        ({"departure_offset": 120}, "departure_offset", "not_of_the_zone"),
        ({"arrival_offset": 0}, "arrival_offset", "not_of_the_zone"),
        ({"days": "3", "last_day": MONDAY}, "days", "no_day_in_the_period"),
    ],
)
def test_a_leg_that_cannot_be_flown_is_an_error_once(
    values: dict[str, object], field: str, reason: str
) -> None:
    found, wrong = departures(altered(**values), altered(number="ZZ103"))
    assert wrong == [LineError(3, field, reason)]
    assert {each.number for each in found} == {"ZZ103"}


def test_a_second_departure_of_a_day_needs_an_operational_suffix() -> None:
    later = altered(departs=dt.time(23, 45))
    assert errors(LEG, later) == [LineError(4, "flight", "second_departure")]
    assert errors(LEG, msgspec.structs.replace(later, number="ZZ101A")) == []


def test_cargo_flights_are_left_out_and_too_many_departures_are_an_error() -> None:
    assert departures(altered(service="F")) == ([], [])
    assert errors(LEG, limit=3) == [LineError(3, "line", "too_many_departures")]


def test_a_generated_season_has_its_departures_and_ends_where_the_clocks_change() -> None:
    generated = season_files.season_of()
    lines = tuple(range(len(generated.legs)))
    found, wrong = season.departures_of(generated, lines, zones(), limit=20_000)
    assert wrong == []
    assert len(found) == season_files.NUMBERS * season_files.EACH == 10_000
    assert len({each.number for each in found}) == season_files.NUMBERS
    assert {leg.arrival_offset for leg in generated.legs if leg.destination == "LHR"} == {0, 60}


@given(st.sets(st.dates(dt.date(2027, 1, 1), dt.date(2027, 3, 31))))
def test_periods_have_exactly_the_days_that_they_were_made_of(days: set[dt.date]) -> None:
    found = [
        day
        for first, last, weekdays in season_legs.periods_of(days)
        for day in season.operating_days(
            altered(first_day=first, last_day=last, days=weekdays, arrival_day=1)
        )
    ]
    assert sorted(found) == sorted(days)


@given(
    moments=st.lists(st.integers(0, 230 * 24 * 60), max_size=40),
    minutes=st.integers(1, 24 * 60),
    route=st.sampled_from((("RUH", "LHR"), ("LHR", "RUH"), ("NRT", "HNL"), ("HNL", "NRT"))),
    times=st.sampled_from(("local", "utc")),
)
def test_departures_are_read_back_from_their_legs(
    moments: list[int], minutes: int, route: tuple[str, str], times: TimeMode
) -> None:
    """Also in the hours that clocks skip or show twice."""
    planned = {}
    for moment in moments:
        at = dt.datetime(2027, 3, 20, tzinfo=dt.UTC) + dt.timedelta(minutes=moment)
        local = at.astimezone(ZoneInfo(zones()[route[0]])).date()
        flight_id = ids.flight_stream("ZZ9", local.isoformat())
        planned[flight_id] = SeasonDeparture(
            flight_id=flight_id,
            number="ZZ9",
            origin=route[0],
            destination=route[1],
            departs_at=at,
            arrives_at=at + dt.timedelta(minutes=minutes),
            aircraft="789",
            configuration="",
            departure_terminal="1",
            arrival_terminal="",
            line=0,
        )
    legs = season_legs.legs_of(planned.values(), times=times, zones=zones())
    if not legs:
        assert not planned
        return
    found, wrong = departures(*legs, times=times)
    assert wrong == []
    assert {each.flight_id: msgspec.structs.replace(each, line=0) for each in found} == planned
