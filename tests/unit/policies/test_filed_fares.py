"""Filed fares replace those of flights, one counts for each departure, and quotes are honoured."""

import datetime as dt
import itertools
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from application.pricing.find_flights import read_flight
from application.pricing.journeys import Priced, WantedSegment
from application.pricing.ports import PricingPorts
from application.pricing.quote_journey import quote_journey
from application.pricing.quotes import JourneyQuotes
from domain.policies import filed_fares, rejections
from domain.policies.filed_fares import Departure, FiledFare, FiledFares
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_use_cases import MemoryUseCases
from tests.support.policies import publish

FARE = FiledFare("RUH-JED", "Y", "Y", "SAR", 300_00)
CHARGES = 23_00  # of two airports, with their tax
DAYS = [dt.date(2026, 12, day) for day in range(1, 15)]
ROWS = st.builds(
    FiledFare,
    route=st.sampled_from(("RUH-JED", "JED-RUH")),
    cabin=st.just("Y"),
    fare_class=st.sampled_from("YV"),
    currency=st.just("SAR"),
    amount=st.integers(1, 9),
    first_day=st.none() | st.sampled_from(DAYS),
    last_day=st.none() | st.sampled_from(DAYS),
    days=st.sets(st.integers(1, 7), max_size=3).map(lambda each: tuple(sorted(each))),
    trip=st.sampled_from((None, "one_way", "round_trip")),
)


def is_valid(table: FiledFares) -> bool:
    """Whether it could be published."""
    try:
        filed_fares.require_valid(table)
    except rejections.InvalidPolicy:
        return False
    return True


@given(st.lists(ROWS, min_size=1, max_size=6))
def test_one_fare_counts_for_each_departure_the_one_that_names_most(rows: list[FiledFare]) -> None:
    table = filed_fares.in_order(rows)
    assume(is_valid(table))
    for route, fare_class, day, trip in itertools.product(
        ("RUH-JED", "JED-RUH"), "YVK", DAYS, (False, True)
    ):
        wanted = Departure(route, "Y", fare_class, "SAR", day, trip)
        ranked: list[tuple[int, int]] = []
        for each in rows:
            if (each.route, each.fare_class) != (route, fare_class):
                continue
            if each.first_day is not None and day < each.first_day:
                continue
            if each.last_day is not None and day > each.last_day:
                continue
            if each.days and day.isoweekday() not in each.days:
                continue
            if each.trip is not None and (each.trip == "round_trip") != trip:
                continue
            named = (each.first_day or each.last_day, each.days, each.trip)
            ranked.append((sum(bool(one) for one in named), each.amount))
        best = max((rank for rank, _ in ranked), default=None)
        counting = [amount for rank, amount in ranked if rank == best]
        assert len(counting) <= 1
        assert table.fare_of(wanted) == (counting[0] if counting else None)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ((replace(FARE, route="RUHJED"),), "fare_malformed"),
        ((replace(FARE, route="RUH-RUH"),), "fare_malformed"),
        ((replace(FARE, fare_class="y"),), "fare_malformed"),
        ((replace(FARE, currency="XYZ"),), "fare_malformed"),
        ((replace(FARE, days=(0,)),), "days_malformed"),
        ((replace(FARE, days=(1, 1)),), "days_malformed"),
        (
            (replace(FARE, first_day=DAYS[1], last_day=DAYS[0]),),
            "season_ends_before_it_begins",
        ),
        ((replace(FARE, amount=0),), "fare_not_chargeable"),
        ((replace(FARE, currency="KWD", amount=15_005),), "fare_not_chargeable"),
        ((FARE, replace(FARE, route="AHB-RUH")), "fares_not_in_order"),
        ((FARE, replace(FARE, amount=1)), "fares_overlap"),
        ((replace(FARE, days=(1, 2)), replace(FARE, days=(2, 3))), "fares_overlap"),
        ((replace(FARE, days=(1,)), replace(FARE, trip="one_way")), "fares_overlap"),
        ((FARE,) * 61, "too_many_fares"),
        ((FARE,) * 2001, "too_many_fares"),
    ],
)
def test_a_table_that_would_be_ambiguous_or_not_chargeable_is_refused(
    rows: tuple[FiledFare, ...], reason: str
) -> None:
    with pytest.raises(rejections.InvalidPolicy) as refused:
        filed_fares.require_valid(FiledFares(rows))
    assert refused.value.parameters["reason"] == reason
    filed_fares.require_valid(FiledFares((FARE, replace(FARE, days=(1,)))))


def price(airline: MemoryAirline, flights: str | tuple[str, ...]) -> int:
    """What a new booking of one adult costs."""
    return int(airline.booking(airline.book(flights)).price.total().amount)


def test_the_next_booking_has_the_new_fare_and_an_issued_quote_its_own() -> None:
    airline = MemoryAirline()
    flight = airline.schedule()
    quoted = airline.booking(airline.book(flight))
    publish(airline, FiledFares((FARE,)))
    assert price(airline, flight) == 345_00 + CHARGES
    honoured = airline.book(flight, quoted=Priced(quoted.segments, quoted.price))
    assert airline.booking(honoured).price.total().amount == 575_00 + CHARGES
    publish(airline, FiledFares(()))
    assert price(airline, flight) == 575_00 + CHARGES


def test_a_round_trip_has_the_fares_of_round_trips() -> None:
    airline = MemoryAirline()
    out = airline.schedule(in_days=2)
    back = airline.schedule("SV4", in_days=5, route=("JED", "RUH"))
    both = (replace(FARE, route="JED-RUH", trip="round_trip"), replace(FARE, trip="round_trip"))
    publish(airline, filed_fares.in_order(both))
    assert price(airline, out) == price(airline, back) == 575_00 + CHARGES
    assert price(airline, (out, back)) == 2 * (345_00 + CHARGES)


def test_a_change_is_made_at_the_fare_of_its_day() -> None:
    airline = MemoryAirline()
    flight, later = airline.schedule(in_days=9), airline.schedule("SV3", in_days=10)
    day = airline.flight(later).departs_at.date()
    booking = airline.ticketed(flight)
    dearer = replace(FARE, amount=600_00, first_day=day, last_day=day)
    publish(airline, FiledFares((dearer,)))
    assert airline.quote_modification(booking, later).difference == 115_00
    airline.exchange(booking, later)
    assert airline.booking(booking).price_now().total().amount == 690_00 + CHARGES


async def test_what_is_shown_is_what_is_quoted() -> None:
    cases = MemoryUseCases()
    flight = cases.airline.schedule()
    publish(cases.airline, FiledFares((FARE,)))
    absent: dict[str, Any] = dict.fromkeys(PricingPorts.__struct_fields__)
    known = {
        "bus": cases.ports.bus,
        "clock": cases.ports.clock,
        "quotes": JourneyQuotes(cases.ports.quotes),
        "policies": cases.ports.policies,
    }
    ports = PricingPorts(**{**absent, **known})
    shown = await read_flight(ports, flight)
    quoted = await quote_journey(
        ports, segments=(WantedSegment(flight, "Y"),), passengers=("ADT",), extras=(), seats=()
    )
    assert shown.price == quoted.total
    assert shown.price.amount == 345_00 + CHARGES
