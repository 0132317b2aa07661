"""A booking of a quote is what was quoted; what contradicts the quote is refused."""

from typing import Any

import pytest

from application.booking.create_booking import WantedBooking, create_booking
from application.booking.travellers import Traveller
from application.policies.current_policies import CurrentPolicies
from application.pricing.journeys import WantedSegment
from application.pricing.ports import PricingPorts
from application.pricing.quote_journey import quote_journey
from application.pricing.quotes import JourneyQuotes
from application.pricing.signed_quotes import QuoteRefused
from tests.support.memory_use_cases import MemoryUseCases


async def booked(quoted: str, wanted: str | None) -> str:
    """The cabin that is booked with the quote of a cabin and this wish."""
    cases = MemoryUseCases()
    flight = cases.airline.schedule(seats=9, business=150_000)
    absent: Any = None
    ports = PricingPorts(
        bus=cases.ports.bus,
        clock=cases.ports.clock,
        quotes=JourneyQuotes(cases.ports.quotes),
        search_flights=absent,
        search_connections=absent,
        search_days=absent,
        served_routes=absent,
        airports={},
        policies=CurrentPolicies(cases.ports.bus, cases.ports.clock),
    )
    segments = (WantedSegment(flight, quoted),)
    quote = await quote_journey(ports, segments=segments, passengers=("ADT",), extras=(), seats=())
    details = await create_booking(
        cases.ports,
        cases.caller(),
        WantedBooking(
            [Traveller("Noura", "Harbi", "ADT")],
            "noura@example.com",
            phone=None,
            flight_id=None,
            quote_id=quote.quote_id,
            cabin=wanted,
        ),
    )
    return details.booking.segments[0].cabin


@pytest.mark.parametrize("quoted", ["Y", "J"])
async def test_a_quote_is_booked_in_its_cabin(quoted: str) -> None:
    assert await booked(quoted, None) == quoted
    assert await booked(quoted, quoted) == quoted


@pytest.mark.parametrize(("quoted", "wanted"), [("Y", "J"), ("J", "Y")])
async def test_a_cabin_that_contradicts_the_quote_is_refused(quoted: str, wanted: str) -> None:
    with pytest.raises(QuoteRefused) as refused:
        await booked(quoted, wanted)
    assert refused.value.parameters["field"] == "cabin"
