"""Routes of search and quotes: what flies, what is free, what it costs."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.commands import stream_kinds
from application.pricing import journeys
from application.pricing.journeys import Wanted, WantedSegment
from domain.booking.values import SeatChoice
from domain.inventory import seat_map
from domain.inventory.events import CabinLayout
from domain.inventory.state import Cabin, Flight
from domain.kernel import money
from domain.pricing import extras
from domain.pricing import rules as pricing_rules
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType
from interfaces.http import auth, flight_view, wire
from interfaces.http.ports import FlightOffer
from interfaces.http.problems import invalid
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


class SearchResponse(wire.ReadModelResponse):
    """In order of departure."""

    flights: list[FlightResponse]


class QuotedPassenger(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """ADT (12 and older), CHD (2 to 11) or INF (under 2, on a lap)."""

    type: PassengerType = "ADT"


class QuoteRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A price for a party on one to four flights in the order of travel, with extras and seats."""

    flight_ids: Annotated[list[wire.FlightId], msgspec.Meta(min_length=1, max_length=4)]
    passengers: Annotated[list[QuotedPassenger], msgspec.Meta(min_length=1, max_length=9)]
    cabin: wire.CabinName = "economy"
    fare_class: wire.FareClassCode | None = None
    extras: Annotated[tuple[wire.ExtraRequest, ...], msgspec.Meta(max_length=72)] = ()
    seats: Annotated[tuple[wire.SeatRequest, ...], msgspec.Meta(max_length=36)] = ()


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
    """Find departures; what is found may be a moment old, a booking decides on the truth."""
    if data.origin == data.destination:
        raise invalid("to", "the same as from")
    offers, as_of = await request.ports.search_flights(
        origin=data.origin,
        destination=data.destination,
        local_date=data.date,
        cabin=wire.CABIN_CODES[data.cabin],
        seat_count=data.passengers,
    )
    return SearchResponse(
        flights=[_flight(offer, data.cabin) for offer in offers],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


@get("/api/flights/{flight_id:str}", **auth.open_to_all())
async def read_flight(request: StrictRequest, flight_id: FromPath[str]) -> FlightResponse:
    """One departure as the log has it now; economy where there is one."""
    flight = await flight_view.known(request, flight_id)
    cabin = flight.cabins.get("Y") or next(iter(flight.cabins.values()))
    bucket = journeys.lowest_bucket(cabin, 1)
    offer = FlightOffer(
        flight=flight_id,
        number=flight.number,
        origin=flight.origin,
        destination=flight.destination,
        departs_at=flight.departs_at,
        arrives_at=flight.arrives_at,
        domestic=flight.domestic,
        fare_amount=bucket.fare.amount,
        currency=bucket.fare.currency,
        free_count=max(0, cabin.free_count),
    )
    return _flight(offer, wire.CABIN_NAMES[cabin.code])


@get("/api/flights/{flight_id:str}/seats", **auth.open_to_all())
async def read_seats(request: StrictRequest, flight_id: FromPath[str]) -> SeatMapResponse:
    """The seat map as the log has it now; nothing tells who sits where."""
    flight = await flight_view.known(request, flight_id)
    return SeatMapResponse(
        [
            CabinSeatsResponse(
                wire.CABIN_NAMES[cabin.code],
                [_seat(flight, cabin, layout, seat) for seat in seat_map.seats(layout)],
            )
            for cabin in flight.cabins.values()
            if (layout := cabin.layout) is not None
        ]
    )


def _seat(flight: Flight, cabin: Cabin, layout: CabinLayout, seat: str) -> SeatResponse:
    category = seat_map.category(layout, seat)
    extra = extras.SEAT_EXTRAS.get(category)
    currency = cabin.buckets[0].fare.currency
    price = 0 if extra is None else extras.net_price(extra, currency)
    return SeatResponse(
        seat=seat,
        category=category,
        available=flight.seats.get(seat) is None,
        price=wire.money_response(money.Money(price, currency)),
    )


@post("/api/quotes", status_code=201, **auth.open_to_all())
async def create_quote(request: StrictRequest, data: JSONBody[QuoteRequest]) -> QuoteResponse:
    """Price a journey for a party; nothing is held by it."""
    types = tuple(passenger.type for passenger in data.passengers)
    cabin = wire.CABIN_CODES[data.cabin]
    flights = {
        name: (await request.ports.bus.current(stream_kinds.FLIGHT, name))[0]
        for name in dict.fromkeys(data.flight_ids)
    }
    quote_id, quote = request.ports.quotes.quote(
        Wanted(
            segments=tuple(WantedSegment(each, cabin, data.fare_class) for each in data.flight_ids),
            passengers=types,
            extras=tuple(
                ExtraChoice(each.code, each.passenger, each.segment) for each in data.extras
            ),
            seats=tuple(SeatChoice(each.passenger, each.segment, each.seat) for each in data.seats),
        ),
        flights,
        now=request.ports.now(),
    )
    return QuoteResponse(
        quote_id=quote_id,
        total=wire.money_response(quote.price.total()),
        lines=wire.lines_response(quote.price, types),
        fare_classes=[each.fare_class for each in quote.segments],
        valid_until=quote.valid_until,
    )


def _flight(offer: FlightOffer, cabin: wire.CabinName) -> FlightResponse:
    fare = pricing_rules.SegmentFare(money.Money(offer.fare_amount, offer.currency), offer.domestic)
    price = pricing_rules.price_journey(segments=(fare,), passengers=("ADT",))
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


ROUTES = (search_flights, read_flight, read_seats, create_quote)
