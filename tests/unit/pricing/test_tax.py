"""On which flights of a journey tax and charges of the kingdom are due."""

import datetime as dt
import itertools

from hypothesis import given
from hypothesis import strategies as st

from domain.pricing import tax
from domain.pricing.price import Leg

START = dt.datetime(2027, 1, 10, 8, 0, tzinfo=dt.UTC)
BLOCK = dt.timedelta(hours=2)
HOME = frozenset({"RUH", "JED", "DMM"})


def journey(*stops: str, waits: tuple[float, ...] = ()) -> list[Leg]:
    """Flights from stop to stop; `waits` are the hours between them, three where none is given."""
    legs, departs_at = [], START
    for index, (origin, destination) in enumerate(itertools.pairwise(stops)):
        at_home = {origin, destination} <= HOME
        legs.append(Leg(origin, destination, departs_at, departs_at + BLOCK, at_home))
        wait = waits[index] if index < len(waits) else 3
        departs_at += BLOCK + dt.timedelta(hours=wait)
    return legs


def test_a_domestic_journey_is_taxed() -> None:
    assert tax.taxed(journey("RUH", "JED", "RUH")) == [True, True]


def test_a_domestic_flight_that_leads_abroad_or_home_again_is_not_taxed() -> None:
    assert tax.taxed(journey("RUH", "JED", "LHR")) == [False, False]
    assert tax.taxed(journey("LHR", "RUH", "JED")) == [False, False]
    assert tax.taxed(journey("RUH", "JED", "LHR", "JED", "RUH", waits=(2, 200, 2))) == [False] * 4


def test_a_stopover_of_a_day_ends_the_journey_abroad() -> None:
    assert tax.taxed(journey("RUH", "JED", "LHR", waits=(23.9,))) == [False, False]
    assert tax.taxed(journey("RUH", "JED", "LHR", waits=(24,))) == [True, False]


def test_a_surface_sector_ends_the_journey_abroad() -> None:
    first, _, last = journey("RUH", "JED", "DMM", "KWI")
    assert tax.taxed([first, last]) == [True, False]


def test_flights_within_another_country_carry_no_tax_of_the_kingdom() -> None:
    assert tax.taxed(journey("JFK", "LAX")) == [False]


@given(
    st.lists(st.sampled_from(("RUH", "JED", "DMM", "LHR", "KWI")), min_size=2, max_size=5),
    st.lists(st.integers(1, 60), min_size=4, max_size=4),
)
def test_what_is_taxed_depends_on_the_flights_that_join_it_alone(
    stops: list[str], waits: list[int]
) -> None:
    legs = journey(*stops, waits=tuple(waits))
    due = tax.taxed(legs)
    assert len(due) == len(legs)
    for index, leg in enumerate(legs):
        assert not (due[index] and not leg.at_home)
        if index and waits[index - 1] >= 24:
            assert due == tax.taxed(legs[:index]) + tax.taxed(legs[index:])
