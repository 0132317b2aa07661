"""What is made of a cached search is remembered, and is what would be made of it anew."""

import datetime as dt
from typing import Any

import msgspec

from application.flight_searches import FlightOffer, Remembered
from application.policies.current_policies import CurrentPolicies, PoliciesInForce
from application.pricing.find_flights import find_flights
from application.pricing.ports import PricingPorts
from application.queries import AsOf
from domain.policies.bands import FeeBand
from domain.policies.book import LAUNCH_BOOK, PolicyBook, book_of
from domain.policies.scope import EVERYWHERE
from domain.policies.state import Version, of_launch
from domain.policies.values import ChangeFees
from interfaces.http import flight_response


class FixedPolicies(CurrentPolicies):
    """What is in force until a test changes it."""

    def __init__(self, book: PolicyBook) -> None:
        self.now = PoliciesInForce(book, at=LEAVES)

    async def in_force(self) -> PoliciesInForce:
        """The same object each time."""
        return self.now


LEAVES = dt.datetime(2026, 12, 24, 8, tzinfo=dt.UTC)

POLICIES = FixedPolicies(LAUNCH_BOOK)


def offer(number: int, free: int) -> FlightOffer:
    return FlightOffer(
        flight=f"flight-XX{number}-2026-12-24",
        number=f"XX{number}",
        origin="RUH",
        destination="JED",
        origin_zone="Asia/Riyadh",
        destination_zone="Asia/Riyadh",
        departs_at=LEAVES,
        arrives_at=LEAVES + dt.timedelta(hours=2),
        domestic=True,
        fare_class="Y",
        fare_amount=40_000,
        currency="SAR",
        residue="cash",
        free_count=free,
    )


async def found(offers: object, policies: CurrentPolicies | None = None) -> bytes:
    """The flights of an answer as JSON."""

    async def search(**_: object) -> object:
        return offers, AsOf(1, 0.0)

    absent: dict[str, Any] = dict.fromkeys(PricingPorts.__struct_fields__)
    ports = PricingPorts(**{**absent, "search_flights": search, "policies": policies or POLICIES})
    flights, _ = await find_flights(
        ports,
        origin="RUH",
        destination="JED",
        local_date=LEAVES.date(),
        cabin="Y",
        seat_count=1,
    )
    return msgspec.json.encode(flight_response.flights(flights))


async def test_a_remembered_answer_is_the_same_json_and_encoded_once() -> None:
    offers = [offer(1, 9), offer(2, 5)]
    remembered = Remembered(offers)
    flight_response._encoded.cache_clear()
    fresh = await found(offers)
    assert [await found(remembered) for _ in range(3)] == [fresh] * 3
    seen = flight_response._encoded.cache_info()
    assert (seen.misses, seen.hits) == (1, 2)
    assert len(msgspec.json.decode(fresh)) == 2


async def test_another_answer_with_the_same_flights_is_another() -> None:
    first, second = Remembered([offer(1, 9)]), Remembered([offer(1, 8)])
    assert first == first
    assert first != second
    assert first != Remembered([offer(1, 9)])
    assert b'"availableSeats":9' in await found(first)
    assert b'"availableSeats":8' in await found(second)


async def test_an_answer_without_flights_is_an_empty_list() -> None:
    assert await found(Remembered()) == await found([]) == b"[]"


async def test_a_remembered_answer_has_the_conditions_in_force() -> None:
    remembered = Remembered([offer(1, 9)])
    launch = of_launch("change_fees")
    dearer = Version(2, EVERYWHERE, ChangeFees((FeeBand(0, 33),)), LEAVES)
    book = book_of(
        {"change_fees": msgspec.structs.replace(launch, versions=(*launch.versions, dearer))}
    )
    assert b'"percent":33' not in await found(remembered)
    assert b'"percent":33' in await found(remembered, FixedPolicies(book))
