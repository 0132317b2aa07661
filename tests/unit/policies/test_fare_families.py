"""Each class of a cabin is sold as one family, whose conditions a booking keeps (O4)."""

import datetime as dt

import pytest
from msgspec.structs import replace

from application.booking.booking_details import read_booking
from application.policies.fee_terms import terms_of
from application.policies.read_book import STREAMS
from application.pricing.fare_conditions import conditions_of_segments, fare_basis
from domain.booking import rejections as booking_rejections
from domain.booking.events import BookingInitiated
from domain.booking.values import FeeVersions
from domain.inventory.events import FareClass
from domain.kernel import money
from domain.policies import fare_families, rejections
from domain.policies.bands import FeeBand
from domain.policies.book import book_of
from domain.policies.fare_families import LAUNCH_FAMILIES, FamilyName, FareFamilies
from infrastructure.event_store import codec
from tests.support.airline import schedule_flight
from tests.support.fare_families import BRANDS, BUSINESS, FLEX, LIGHT, only
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_use_cases import CUSTOMER, MemoryUseCases
from tests.support.policies import cancellation, change, publish

KEPT_FROM = 575_00  # the fare of 500.00 with its VAT


def classes(airline: MemoryAirline, number: str = "SV1", *, in_days: int = 9) -> str:
    """A flight with the classes Y at 800.00 and V at 500.00."""
    leaves = airline.clock.now + dt.timedelta(days=in_days)
    scheduled = schedule_flight(number, departs_at=leaves, business=150_000).scheduled
    fares = tuple(
        FareClass(code, cabin, money.Money(fare, "SAR"))
        for code, cabin, fare in (("Y", "Y", 800_00), ("V", "Y", 500_00), ("J", "J", 1_500_00))
    )
    return airline.schedule(scheduled=replace(scheduled, fares=fares))


def test_a_class_belongs_to_the_family_that_names_it_or_to_the_rest() -> None:
    found = {name: BRANDS.family_of("Y", name).code for name in "YVK"}
    assert found == {"Y": "FLEX", "V": "LIGHT", "K": "FLEX"}
    assert BRANDS.family_of("J", "V").code == "BUSINESS"
    assert fare_basis("V", LIGHT) == "VLTOW"


@pytest.mark.parametrize(
    ("families", "reason"),
    [
        ((), "no_family_of_the_rest"),
        ((FLEX,), "no_family_of_the_rest"),
        ((LIGHT, BUSINESS), "no_family_of_the_rest"),
        ((FLEX, replace(FLEX, code="MORE"), BUSINESS), "no_family_of_the_rest"),
        ((LIGHT, replace(LIGHT, code="MORE"), FLEX, BUSINESS), "class_in_two_families"),
        ((LIGHT, replace(LIGHT, fare_classes=("K",)), FLEX, BUSINESS), "family_twice"),
        ((FLEX, *([LIGHT] * 20), BUSINESS), "too_many_families"),
        ((replace(FLEX, code="flex"), BUSINESS), "family_malformed"),
        ((replace(FLEX, fare_basis="MORE-1"), BUSINESS), "family_malformed"),
        ((replace(FLEX, name=FamilyName("Flex", "")), BUSINESS), "family_malformed"),
        ((replace(LIGHT, fare_classes=("v",)), FLEX, BUSINESS), "family_malformed"),
        ((replace(FLEX, after_departure_percent=101), BUSINESS), "percent_out_of_range"),
        ((replace(FLEX, modification=(FeeBand(0, -1),)), BUSINESS), "percent_out_of_range"),
        ((replace(FLEX, cancellation=(FeeBand(5, 0),)), BUSINESS), "bands_not_down_to_departure"),
        (
            (replace(FLEX, baggage=replace(FLEX.baggage, checked_kilograms=33)), BUSINESS),
            "baggage_out_of_range",
        ),
        (
            (replace(FLEX, baggage=replace(FLEX.baggage, cabin_pieces=-1)), BUSINESS),
            "baggage_out_of_range",
        ),
    ],
)
def test_families_that_could_not_be_sold_are_refused(
    families: tuple[fare_families.FareFamily, ...], reason: str
) -> None:
    with pytest.raises(rejections.InvalidPolicy) as refused:
        fare_families.require_valid(FareFamilies(families))
    assert refused.value.parameters["reason"] == reason
    fare_families.require_valid(BRANDS)
    fare_families.require_valid(LAUNCH_FAMILIES)


def test_a_family_with_fees_of_its_own_is_cancelled_at_these_as_sold() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=2)
    before = airline.ticketed(flight)
    assert publish(airline, only(LIGHT)) == 2
    light = airline.ticketed(flight)
    publish(airline, cancellation(50))
    publish(airline, only(FLEX))
    flex = airline.ticketed(flight)
    assert [airline.cancel(each).fee for each in (before, light, flex)] == [
        KEPT_FROM // 2,
        KEPT_FROM,
        0,
    ]


def test_fees_that_a_family_does_not_have_are_those_of_the_policies() -> None:
    airline = MemoryAirline()
    flight, later = airline.schedule(in_days=2), airline.schedule("SV3", in_days=3)
    publish(airline, only(replace(FLEX, cancellation=None, modification=None)))
    publish(airline, cancellation(33))
    publish(airline, change(44))
    booking = airline.ticketed(flight)
    assert airline.quote_cancellation(booking).percent == 33
    assert airline.quote_modification(booking, later).percent == 44


def test_the_versions_of_the_launch_are_stored_as_earlier_releases_did() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=2)
    publish(airline, cancellation(90))
    fees_only = airline.book(flight)
    publish(airline, BRANDS)
    branded = airline.book(flight)
    stored = []
    for each in (fees_only, branded):
        event = airline.log.streams[each][0].event
        assert isinstance(event, BookingInitiated)
        stored.append(codec.encode(event))
        assert codec.decode(event.tag, stored[-1]) == event
    assert b'"sold_under":{"cancellation_fees":2,"change_fees":1}' in stored[0]
    assert b'"sold_under":{"cancellation_fees":2,"change_fees":1,"fare_families":2}' in stored[1]
    assert FeeVersions(2, 1).families == 1


async def test_a_fare_that_is_not_modifiable_changes_only_for_the_airlines_sake() -> None:
    cases = MemoryUseCases()
    airline = cases.airline
    flight, later = airline.schedule(in_days=2), airline.schedule("SV3", in_days=3)
    publish(airline, only(LIGHT))
    booking = await cases.ticketed(flight)
    shown = await read_booking(cases.ports, CUSTOMER, booking)
    assert "modify" not in shown.available_actions
    assert shown.conditions[0].modification == ()
    with pytest.raises(booking_rejections.ModificationRefused) as refused:
        airline.quote_modification(booking, later)
    assert refused.value.parameters["reason"] == "fare_not_modifiable"
    publish(airline, LAUNCH_FAMILIES)
    assert "modify" not in (await read_booking(cases.ports, CUSTOMER, booking)).available_actions
    waived = airline.quote_modification(booking, later, waiver="denied_boarding")
    assert waived.modification.fee == 0


def test_a_change_to_another_class_is_one_to_its_family_of_the_same_version() -> None:
    airline = MemoryAirline()
    flight, later = classes(airline), classes(airline, "SV3")
    publish(airline, FareFamilies((replace(LIGHT, modifiable=True), FLEX, BUSINESS)))
    booking = airline.ticketed(flight)
    assert airline.booking(booking).segments[0].fare_class == "V"
    publish(airline, LAUNCH_FAMILIES)
    assert airline.booking(booking).segments[0].residue == "cash"
    airline.exchange(booking, later, fare_class="Y")
    book = book_of({name: airline.log.state(stream) for name, stream in STREAMS.items()})
    [segment] = airline.booking(booking).segments
    [conditions] = conditions_of_segments(book, [segment])
    assert (segment.fare_class, segment.residue) == ("Y", "credit")
    assert conditions.family == FLEX == terms_of(book, segment).family
    assert airline.quote_cancellation(booking).percent == 0
