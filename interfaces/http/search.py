"""Routes of search and quotes: departures, journeys, prices by day, seats."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from application.pricing import find_flights, quote_journey, search_journeys
from application.pricing import read_price_calendar as price_calendar
from application.pricing import read_seats as seat_prices
from application.pricing.journeys import WantedExtra, WantedSeat, WantedSegment
from interfaces.http import auth, flight_response, security_headers, wire
from interfaces.http.answers import Answered
from interfaces.http.flight_response import (
    ConnectionResponse,
    FlightResponse,
    QuotedSegmentResponse,
)
from interfaces.http.maintenance import SERVED
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

# Whoever keeps it asks each time whether it is current, since seats are sold at any time.
_ASKED_AGAIN = {"cache-control": security_headers.REVALIDATED}
PartySize = Annotated[int, msgspec.Meta(ge=1, le=9)]
MIN_DAYS, MAX_DAYS = 7, 31
MAX_SPAN = dt.timedelta(days=MAX_DAYS)


class SearchRequest(
    msgspec.Struct,
    rename={"origin": "from", "destination": "to", "return_date": "returnDate"},
    forbid_unknown_fields=True,
):
    """Departures of a day, local at origin, with seats for so many passengers.

    With `returnDate`, local at the destination, also those back; with `connections` also journeys
    with one change.
    """

    origin: wire.AirportCode
    destination: wire.AirportCode
    date: dt.date
    passengers: PartySize = 1
    cabin: wire.CabinName = "economy"
    return_date: dt.date | None = None
    connections: bool = False


class SearchResponse(wire.ReadModelResponse):
    """Flights in order of departure, connections in order of arrival.

    What was not asked for is empty. Prices are those of one way; a quote prices a whole journey.
    """

    flights: list[FlightResponse]
    connections: list[ConnectionResponse]
    return_flights: list[FlightResponse]
    return_connections: list[ConnectionResponse]


class QuotedPassenger(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """ADT (12 and older), CHD (2 to 11) or INF (under 2, on a lap)."""

    type: wire.PassengerType = "ADT"


class QuoteRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A price for a party on one to four flights in the order of travel, with extras and seats.

    Each flight leaves from where the one before arrives; `surfaceSectors` are the flights, from 1,
    to whose airport the party travels by other means.
    """

    flight_ids: Annotated[list[wire.FlightId], msgspec.Meta(min_length=1, max_length=4)]
    passengers: Annotated[list[QuotedPassenger], msgspec.Meta(min_length=1, max_length=9)]
    cabin: wire.CabinName = "economy"
    fare_class: wire.FareClassCode | None = None
    extras: Annotated[tuple[wire.ExtraRequest, ...], msgspec.Meta(max_length=72)] = ()
    seats: Annotated[tuple[wire.SeatRequest, ...], msgspec.Meta(max_length=36)] = ()
    surface_sectors: Annotated[tuple[wire.SegmentIndex, ...], msgspec.Meta(max_length=3)] = ()


class QuoteResponse(msgspec.Struct, rename="camel"):
    """Book with `quoteId` before `validUntil` and pay exactly `total`.

    Who does keeps the conditions of its `segments`, whatever the airline publishes meanwhile.
    """

    quote_id: str
    total: wire.MoneyResponse
    lines: list[wire.PriceLineResponse]
    fare_classes: list[str]
    segments: list[QuotedSegmentResponse]
    valid_until: dt.datetime


class SeatResponse(msgspec.Struct, rename="camel"):
    """One seat; `price` without tax is what choosing it costs with the booking."""

    seat: str
    category: str
    exit_row: bool
    available: bool
    price: wire.MoneyResponse


class CabinSeatsResponse(msgspec.Struct, rename="camel"):
    """A cabin from the front to the back."""

    cabin: wire.CabinName
    seats: list[SeatResponse]


class SeatMapResponse(msgspec.Struct, rename="camel"):
    """The cabins that have a seat map."""

    cabins: list[CabinSeatsResponse]


@post("/api/flights/search", status_code=200, **SERVED, **auth.open_to_all())
async def search_flights(request: StrictRequest, data: JSONBody[SearchRequest]) -> SearchResponse:
    """Find departures; what is found may be a moment old, a booking decides on the log."""
    if data.origin == data.destination:
        raise invalid("to", "the same as from")
    if data.return_date is not None and data.return_date < data.date:
        raise invalid("returnDate", "before date")
    found = await search_journeys.search_journeys(
        request.ports.pricing,
        origin=data.origin,
        destination=data.destination,
        there_on=data.date,
        back_on=data.return_date,
        cabin=wire.CABIN_CODES[data.cabin],
        seat_count=data.passengers,
        with_connections=data.connections,
    )
    return SearchResponse(
        flights=flight_response.flights(found.there.flights),
        connections=[flight_response.connection(each) for each in found.there.connections],
        return_flights=flight_response.flights(found.back.flights),
        return_connections=[flight_response.connection(each) for each in found.back.connections],
        as_of_position=found.as_of.position,
        lag_seconds=found.as_of.lag_seconds,
    )


class DayPriceResponse(msgspec.Struct, rename="camel"):
    """A day, local at origin; `lowest` is one adult's price, null where nothing is on sale."""

    date: dt.date
    lowest: wire.MoneyResponse | None
    flights: int


class PriceCalendarResponse(wire.ReadModelResponse):
    """The lowest price of each day, in order."""

    days: list[DayPriceResponse]


@get("/api/price-calendar", **auth.open_to_all())
async def read_price_calendar(
    request: StrictRequest,
    origin: Annotated[str, QueryParameter(name="from", pattern=wire.AIRPORT_PATTERN)],
    destination: Annotated[str, QueryParameter(name="to", pattern=wire.AIRPORT_PATTERN)],
    date: Annotated[dt.date, QueryParameter()],
    days: Annotated[int, QueryParameter(ge=MIN_DAYS, le=MAX_DAYS)] = MIN_DAYS,
    passengers: Annotated[int, QueryParameter(ge=1, le=9)] = 1,
    cabin: Annotated[wire.CabinName, QueryParameter()] = "economy",
) -> Answered[PriceCalendarResponse]:
    """Read the lowest price of each of 7 to 31 days, with `date` in their middle."""
    if origin == destination:
        raise invalid("to", "the same as from")
    if not dt.date.min + MAX_SPAN < date < dt.date.max - MAX_SPAN:
        raise invalid("date", "no such days")
    found, as_of = await price_calendar.read_price_calendar(
        request.ports.pricing,
        origin=origin,
        destination=destination,
        around=date,
        day_count=days,
        cabin=wire.CABIN_CODES[cabin],
        seat_count=passengers,
    )
    calendar = PriceCalendarResponse(
        days=[
            DayPriceResponse(
                each.day,
                None if each.lowest is None else wire.money_response(each.lowest),
                each.flight_count,
            )
            for each in found
        ],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )
    return Answered(calendar, headers=_ASKED_AGAIN)


@get("/api/flights/{flight_id:str}", **auth.open_to_all())
async def read_flight(request: StrictRequest, flight_id: FromPath[str]) -> Answered[FlightResponse]:
    """Read one departure as the log has it now; economy where there is one."""
    found = await find_flights.read_flight(request.ports.pricing, flight_id)
    return Answered(flight_response.flight(found), headers=_ASKED_AGAIN)


@get("/api/flights/{flight_id:str}/seats", **auth.open_to_all())
async def read_seats(request: StrictRequest, flight_id: FromPath[str]) -> Answered[SeatMapResponse]:
    """Read the seat map as the log has it now; it does not show which passenger has a seat."""
    cabins = await seat_prices.read_seats(request.ports.pricing, flight_id)
    seat_map = SeatMapResponse(
        [
            CabinSeatsResponse(
                wire.CABIN_NAMES[cabin.cabin],
                [
                    SeatResponse(
                        each.seat,
                        each.category,
                        each.exit_row,
                        each.available,
                        wire.money_response(each.price),
                    )
                    for each in cabin.seats
                ],
            )
            for cabin in cabins
        ]
    )
    return Answered(seat_map, headers=_ASKED_AGAIN)


@post("/api/quotes", status_code=201, **SERVED, **auth.open_to_all())
async def create_quote(request: StrictRequest, data: JSONBody[QuoteRequest]) -> QuoteResponse:
    """Price a journey for a party; a quote holds no seats."""
    cabin = wire.CABIN_CODES[data.cabin]
    quoted = await quote_journey.quote_journey(
        request.ports.pricing,
        segments=tuple(WantedSegment(each, cabin, data.fare_class) for each in data.flight_ids),
        passengers=tuple(each.type for each in data.passengers),
        extras=tuple(WantedExtra(each.code, each.passenger, each.segment) for each in data.extras),
        seats=tuple(WantedSeat(each.passenger, each.segment, each.seat) for each in data.seats),
        surface_sectors=data.surface_sectors,
    )
    return QuoteResponse(
        quote_id=quoted.quote_id,
        total=wire.money_response(quoted.total),
        lines=[wire.PriceLineResponse(*msgspec.structs.astuple(each)) for each in quoted.lines],
        fare_classes=[each.fare_class for each in quoted.segments],
        segments=flight_response.quoted_segments(quoted),
        valid_until=quoted.valid_until,
    )


ROUTES = (search_flights, read_price_calendar, read_flight, read_seats, create_quote)
