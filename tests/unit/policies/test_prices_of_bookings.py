"""A booking's price is made of the versions of its sale, and so is what it pays for a change."""

import datetime as dt
from typing import Any

import pytest

from application.policies.current_policies import CurrentPolicies
from application.pricing import read_extras, read_seats
from application.pricing.journeys import Priced, Wanted, WantedSegment
from application.pricing.ports import PricingPorts
from application.pricing.quotes import JourneyQuotes
from application.pricing.signed_quotes import QuoteSigner
from domain.booking.values import PriceVersions
from domain.policies.book import book_of
from domain.policies.price_values import ExtraNet, Extras, PassengerShares
from domain.policies.publication import LEAST_LEAD
from domain.policies.scope import Scope
from domain.pricing import rejections
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType
from infrastructure.event_store import codec
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_use_cases import MemoryUseCases
from tests.support.policies import publish

BAG = ExtraChoice("BAG20", 0, 0)
FAMILY: tuple[PassengerType, ...] = ("ADT", "CHD", "INF")
HALF_AND_FREE = PassengerShares(child_percent=50, infant_percent=0)


def bags_at(net: int) -> Extras:
    """Nothing but bags is sold, at this price."""
    return Extras((ExtraNet("BAG20", "SAR", net),))


def fares(airline: MemoryAirline, booking: str) -> list[int]:
    """The fare of each coupon without tax."""
    return [each.fare for each in airline.booking(booking).coupons]


def test_children_and_infants_pay_the_shares_that_are_in_force() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=9)
    before = airline.book(flight, *FAMILY)
    publish(airline, HALF_AND_FREE)
    after = airline.book(flight, *FAMILY)
    assert fares(airline, before) == [500_00, 375_00, 50_00]
    assert fares(airline, after) == [500_00, 250_00, 0]
    sold = [airline.booking(each).segments[0].price_versions for each in (before, after)]
    assert sold == [PriceVersions(), PriceVersions(passenger_shares=2)]


def test_each_flight_of_a_journey_has_the_shares_of_its_own_route() -> None:
    airline = MemoryAirline()
    out = airline.schedule(in_days=2)
    back = airline.schedule("SV4", in_days=5, route=("JED", "RUH"))
    publish(airline, HALF_AND_FREE, scope=Scope(route="JED-RUH"))
    booking = airline.book((out, back), "ADT", "CHD")
    assert fares(airline, booking) == [500_00, 500_00, 375_00, 250_00]


def test_a_change_keeps_the_shares_that_were_sold() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=9)
    dearer = airline.schedule("SV3", in_days=10, fare=600_00)
    before = airline.ticketed(flight, *FAMILY)
    publish(airline, HALF_AND_FREE)
    after = airline.ticketed(flight, *FAMILY)
    new = [
        [each.fare for each in airline.quote_modification(booking, dearer).modification.coupons]
        for booking in (before, after)
    ]
    assert new == [[600_00, 450_00, 60_00], [600_00, 300_00, 0]]
    airline.exchange(after, dearer)
    assert airline.booking(after).segments[0].price_versions == PriceVersions(passenger_shares=2)


def test_the_cheaper_fare_of_a_change_is_counted_at_the_shares_that_were_sold() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(
        in_days=2
    )  # 48 hours: half of the difference is kept, 10 % is the fee
    cheaper = airline.schedule("SV3", in_days=3, fare=300_00)
    booking = airline.ticketed(flight, "ADT", "CHD")
    publish(airline, HALF_AND_FREE)
    quote = airline.quote_modification(booking, cheaper).modification
    paid = 598_00 + 454_25
    assert quote.fee == (paid + 5) // 10 + 115_00 + 86_25  # of 200.00 and 150.00 with their VAT


def test_extras_are_sold_at_the_prices_that_are_in_force() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=9)
    before = airline.book(flight, extras=(BAG,))
    publish(airline, bags_at(99_00))
    publish(airline, bags_at(11_00), scope=Scope(route="RUH-CAI"))
    after = airline.book(flight, extras=(BAG,))
    sold = [
        [(each.net, each.vat) for each in airline.booking(booking).extras]
        for booking in (before, after)
    ]
    assert sold == [[(150_00, 22_50)], [(99_00, 14_85)]]
    assert airline.booking(after).segments[0].price_versions == PriceVersions(extras=2)
    with pytest.raises(rejections.ExtraUnknown):
        airline.book(flight, extras=(ExtraChoice("MEAL", 0, 0),))


def test_a_quote_holds_the_prices_at_which_it_was_issued() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=9)
    wanted = Wanted((WantedSegment(flight, "Y"),), ("ADT", "CHD"), extras=(BAG,))
    quotes = JourneyQuotes(QuoteSigner(b"key"))
    flights = {flight: airline.flight(flight)}
    quoted_id, _ = quotes.quote(wanted, flights, book=book_of({}), now=airline.clock())
    publish(airline, HALF_AND_FREE)
    publish(airline, bags_at(99_00))
    quote = quotes.accept(quoted_id, passengers=("ADT", "CHD"), now=airline.clock())
    booking = airline.book(flight, "ADT", "CHD", quoted=Priced(quote.segments, quote.price))
    assert fares(airline, booking) == [500_00, 375_00]
    assert airline.booking(booking).segments[0].price_versions == PriceVersions()


def test_a_sale_under_the_rules_of_the_launch_is_stored_as_before() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=9)
    booking = airline.book(flight)
    assert b"priced_under" not in codec.encode(airline.log.streams[booking][0].event)
    publish(airline, HALF_AND_FREE)
    booking = airline.book(flight)
    stored = codec.encode(airline.log.streams[booking][0].event)
    assert b'"priced_under":{"passenger_shares":2}' in stored


async def test_the_catalogue_and_the_seat_map_show_the_prices_of_now() -> None:
    cases = MemoryUseCases()
    airline = cases.airline
    flight = airline.schedule(in_days=9, seats=30)
    absent: Any = None
    pricing = PricingPorts(
        bus=cases.ports.bus,
        clock=airline.clock,
        quotes=JourneyQuotes(cases.ports.quotes),
        search_flights=absent,
        search_connections=absent,
        search_days=absent,
        served_routes=absent,
        airports={},
        policies=CurrentPolicies(cases.ports.bus, airline.clock),
    )
    seats = {
        each.category: each for each in (await read_seats.read_seats(pricing, flight))[0].seats
    }
    assert (seats["legroom"].price.amount, seats["legroom"].available) == (100_00, True)
    publish(airline, bags_at(99_00))
    airline.clock.advance(LEAST_LEAD + dt.timedelta(seconds=1))
    offered = await read_extras.read_extras(pricing, flight)
    assert [(each.code, each.net.amount) for each in offered] == [("BAG20", 99_00)]
    seats = {
        each.category: each for each in (await read_seats.read_seats(pricing, flight))[0].seats
    }
    assert (seats["plain"].available, seats["legroom"].available) == (True, False)
