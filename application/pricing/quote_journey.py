"""Quotes a journey for a party; a quote holds no seats."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from application.commands import stream_kinds
from application.pricing.fare_conditions import FareConditions, conditions_of_segments
from application.pricing.journeys import Wanted, WantedExtra, WantedSeat, WantedSegment
from application.pricing.ports import PricingPorts
from domain.booking.values import SeatChoice, Segment
from domain.kernel import money
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType, PriceLine, lines

# A flight of a quote with the class that was found.
QuotedSegment = Segment


class QuotedJourney(msgspec.Struct, frozen=True):
    """A quote: book with `quote_id` before `valid_until` and pay exactly `total`.

    `conditions` are those of each segment; who books with the quote keeps them.
    """

    quote_id: str
    total: money.Money
    lines: Sequence[PriceLine]
    segments: tuple[Segment, ...]
    conditions: tuple[FareConditions, ...]
    valid_until: dt.datetime


async def quote_journey(
    ports: PricingPorts,
    *,
    segments: tuple[WantedSegment, ...],
    passengers: tuple[PassengerType, ...],
    extras: tuple[WantedExtra, ...],
    seats: tuple[WantedSeat, ...],
    surface_sectors: tuple[int, ...] = (),
) -> QuotedJourney:
    """Price a journey at the fares of this moment; rejects what `journeys.price` does."""
    flights = {
        flight_id: (await ports.bus.current(stream_kinds.FLIGHT, flight_id))[0]
        for flight_id in dict.fromkeys(each.flight for each in segments)
    }
    wanted = Wanted(
        segments=segments,
        passengers=passengers,
        extras=tuple(ExtraChoice(each.code, each.passenger, each.segment) for each in extras),
        seats=tuple(SeatChoice(each.passenger, each.segment, each.seat) for each in seats),
        surface_sectors=surface_sectors,
    )
    in_force = await ports.policies.in_force()
    quote_id, quote = ports.quotes.quote(wanted, flights, book=in_force.book, now=ports.clock())
    return QuotedJourney(
        quote_id=quote_id,
        total=quote.price.total(),
        lines=lines(quote.price, passengers),
        segments=quote.segments,
        conditions=conditions_of_segments(in_force.book, quote.segments),
        valid_until=quote.valid_until,
    )
