"""Routes of search and quotes: departures, seats, prices."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.pricing import find_flights, quote_journey
from application.pricing import read_seats as seat_prices
from application.pricing.find_flights import PricedFlight
from application.pricing.journeys import WantedExtra, WantedSeat, WantedSegment
from interfaces.http import auth, security_headers, wire
from interfaces.http.answers import Answered
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

# Whoever keeps it asks each time whether it is current, since seats are sold at any time.
_ASKED_AGAIN = {"cache-control": security_headers.REVALIDATED}


class SearchRequest(
    msgspec.Struct, rename={"origin": "from", "destination": "to"}, forbid_unknown_fields=True
):
    """Departures of a day, local at origin, with seats for so many passengers."""

    origin: wire.AirportCode
    destination: wire.AirportCode
    date: dt.date
    passengers: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    cabin: wire.CabinName = "economy"


class FlightResponse(
    msgspec.Struct,
    rename={
        "origin": "from",
        "destination": "to",
        "flight_number": "flightNumber",
        "departure_time": "departureTime",
        "arrival_time": "arrivalTime",
        "available_seats": "availableSeats",
    },
):
    """One departure; `price` is one adult's with taxes and charges, in minor units."""

    id: str
    flight_number: str
    origin: str
    destination: str
    departure_time: dt.datetime
    arrival_time: dt.datetime
    price: int
    currency: str
    available_seats: int
    cabin: wire.CabinName


class SearchResponse(wire.ReadModelResponse):
    """In order of departure."""

    flights: list[FlightResponse]


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
    """Book with `quoteId` before `validUntil` and pay exactly `total`."""

    quote_id: str
    total: wire.MoneyResponse
    lines: list[wire.PriceLineResponse]
    fare_classes: list[str]
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


@post("/api/flights/search", status_code=200, **auth.open_to_all())
async def search_flights(request: StrictRequest, data: JSONBody[SearchRequest]) -> SearchResponse:
    """Find departures; what is found may be a moment old, a booking decides on the log."""
    if data.origin == data.destination:
        raise invalid("to", "the same as from")
    flights, as_of = await find_flights.find_flights(
        request.ports.pricing,
        origin=data.origin,
        destination=data.destination,
        local_date=data.date,
        cabin=wire.CABIN_CODES[data.cabin],
        seat_count=data.passengers,
    )
    return SearchResponse(
        flights=[_flight(each) for each in flights],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


@get("/api/flights/{flight_id:str}", **auth.open_to_all())
async def read_flight(request: StrictRequest, flight_id: FromPath[str]) -> Answered[FlightResponse]:
    """Read one departure as the log has it now; economy where there is one."""
    flight = _flight(await find_flights.read_flight(request.ports.pricing, flight_id))
    return Answered(flight, headers=_ASKED_AGAIN)


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


@post("/api/quotes", status_code=201, **auth.open_to_all())
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
        lines=[
            wire.PriceLineResponse(
                each.kind, each.passenger_type, each.passenger_count, each.amount
            )
            for each in quoted.lines
        ],
        fare_classes=list(quoted.fare_classes),
        valid_until=quoted.valid_until,
    )


def _flight(found: PricedFlight) -> FlightResponse:
    offer = found.offer
    return FlightResponse(
        id=offer.flight,
        flight_number=offer.number,
        origin=offer.origin,
        destination=offer.destination,
        departure_time=offer.departs_at,
        arrival_time=offer.arrives_at,
        price=found.price.amount,
        currency=found.price.currency,
        available_seats=offer.free_count,
        cabin=wire.CABIN_NAMES[found.cabin],
    )


ROUTES = (search_flights, read_flight, read_seats, create_quote)
