"""Routes of search and quotes: what flies, what is free, what it costs."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application import streams
from domain.booking import rules as booking_rules
from domain.kernel import money
from domain.pricing import rules as pricing_rules
from domain.pricing.price import PassengerType
from interfaces.http import auth, wire
from interfaces.http.ports import FlightOffer
from interfaces.http.problems import Problem, invalid
from interfaces.http.strict_request import StrictRequest


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


class SearchResponse(msgspec.Struct):
    """In order of departure."""

    flights: list[FlightResponse]


class QuotedPassenger(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """ADT (12 and older), CHD (2 to 11) or INF (under 2, on a lap)."""

    type: PassengerType = "ADT"


class QuoteRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A price for a party on one flight."""

    flight_ids: Annotated[list[wire.FlightId], msgspec.Meta(min_length=1, max_length=1)]
    passengers: Annotated[list[QuotedPassenger], msgspec.Meta(min_length=1, max_length=9)]
    cabin: wire.CabinName = "economy"


class QuoteResponse(msgspec.Struct, rename="camel"):
    """Book with `quoteId` before `validUntil` and pay exactly `total`."""

    quote_id: str
    total: wire.MoneyResponse
    lines: list[wire.PriceLineResponse]
    valid_until: dt.datetime


@post("/api/flights/search", status_code=200, **auth.open_to_all())
async def search_flights(request: StrictRequest, data: JSONBody[SearchRequest]) -> SearchResponse:
    """Find departures; what is found may be a moment old, a booking decides on the truth."""
    if data.origin == data.destination:
        raise invalid("to", "the same as from")
    offers = await request.ports.search_flights(
        origin=data.origin,
        destination=data.destination,
        local_date=data.date,
        cabin=wire.CABIN_CODES[data.cabin],
        seat_count=data.passengers,
    )
    return SearchResponse([_flight(offer, data.cabin) for offer in offers])


@get("/api/flights/{flight_id:str}", **auth.open_to_all())
async def read_flight(request: StrictRequest, flight_id: FromPath[str]) -> FlightResponse:
    """One departure as the log has it now; economy where there is one."""
    if not flight_id.startswith("flight-"):
        raise Problem("NOT_FOUND")
    flight = (await request.ports.desk.current(streams.FLIGHT, flight_id))[0]
    if flight is None:
        raise Problem("NOT_FOUND")
    cabin = flight.cabins.get("Y") or next(iter(flight.cabins.values()))
    offer = FlightOffer(
        flight=flight_id,
        number=flight.number,
        origin=flight.origin,
        destination=flight.destination,
        departs_at=flight.departs_at,
        arrives_at=flight.arrives_at,
        domestic=flight.domestic,
        fare_amount=cabin.fare.amount,
        currency=cabin.fare.currency,
        free_count=max(0, cabin.free_count),
    )
    return _flight(offer, wire.CABIN_NAMES[cabin.code])


@post("/api/quotes", status_code=201, **auth.open_to_all())
async def create_quote(request: StrictRequest, data: JSONBody[QuoteRequest]) -> QuoteResponse:
    """Price a party; nothing is held by it."""
    flight_id = data.flight_ids[0]
    types = tuple(passenger.type for passenger in data.passengers)
    booking_rules.require_fit_party(types)
    flight = (await request.ports.desk.current(streams.FLIGHT, flight_id))[0]
    if flight is None:
        raise Problem("NOT_FOUND", details={"field": "flightIds[0]"})
    quote_id, quote = request.ports.quotes.quote(
        flight_id,
        flight,
        cabin=wire.CABIN_CODES[data.cabin],
        passengers=types,
        now=request.ports.now(),
    )
    return QuoteResponse(
        quote_id=quote_id,
        total=wire.money_response(quote.price.total()),
        lines=wire.lines_response(quote.price),
        valid_until=quote.valid_until,
    )


def _flight(offer: FlightOffer, cabin: wire.CabinName) -> FlightResponse:
    price = pricing_rules.price_flight(
        fare=money.Money(offer.fare_amount, offer.currency),
        domestic=offer.domestic,
        passengers=("ADT",),
    )
    return FlightResponse(
        id=offer.flight,
        flight_number=offer.number,
        origin=offer.origin,
        destination=offer.destination,
        departure_time=offer.departs_at,
        arrival_time=offer.arrives_at,
        price=price.total().amount,
        currency=offer.currency,
        available_seats=offer.free_count,
        cabin=cabin,
    )


ROUTES = (search_flights, read_flight, create_quote)
