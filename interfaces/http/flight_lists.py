"""Routes of operations: lists of flights that need attention, and the bookings of a flight."""

import datetime as dt

import msgspec
from litestar import get
from litestar.params import FromPath

from application.inventory import operated_flight
from domain.kernel import ids
from interfaces.http import auth, wire
from interfaces.http.strict_request import StrictRequest


class OversoldCabinResponse(msgspec.Struct, rename="camel"):
    """A cabin in which more seats are held and sold than authorised."""

    flight_id: str
    cabin: wire.CabinName
    departure_time: dt.datetime
    seats: int


class OversoldFlightsResponse(wire.ReadModelResponse):
    """The soonest departures first."""

    cabins: list[OversoldCabinResponse]


class OverdueFlightResponse(msgspec.Struct, rename="camel"):
    """A flight that should have left and of which nobody has reported the departure."""

    flight_id: str
    departure_time: dt.datetime


class OverdueFlightsResponse(wire.ReadModelResponse):
    """The longest overdue first."""

    flights: list[OverdueFlightResponse]


class FlightBookingResponse(msgspec.Struct, rename="camel"):
    """A booking on a flight; nothing personal."""

    id: str
    reference: str
    status: str


class FlightBookingsResponse(msgspec.Struct, rename="camel"):
    """Bookings with seats on a flight, by reference."""

    bookings: list[FlightBookingResponse]


@get(
    "/api/admin/oversold-flights",
    operation_id="listOversoldFlights",
    **auth.signed_in("run_flights"),
)
async def list_oversold(request: StrictRequest) -> OversoldFlightsResponse:
    """List cabins from which passengers may have to be rebooked."""
    cabins, as_of = await request.ports.flights.oversold_cabins()
    return OversoldFlightsResponse(
        cabins=[
            OversoldCabinResponse(
                each.flight, wire.CABIN_NAMES[each.cabin], each.departs_at, each.seats
            )
            for each in cabins
        ],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


@get(
    "/api/admin/overdue-flights", operation_id="listOverdueFlights", **auth.signed_in("run_flights")
)
async def list_overdue(request: StrictRequest) -> OverdueFlightsResponse:
    """List flights whose time has passed: report the departure, delay or cancel them."""
    ports = request.ports.flights
    flights, as_of = await ports.overdue_flights(ports.clock())
    return OverdueFlightsResponse(
        flights=[OverdueFlightResponse(each.flight, each.departs_at) for each in flights],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


@get("/api/admin/flights/{flight_id:str}/bookings", **auth.signed_in("see_any_booking"))
async def list_flight_bookings(
    request: StrictRequest, flight_id: FromPath[str]
) -> FlightBookingsResponse:
    """List bookings with seats on the flight, for gate and operations."""
    bookings = await operated_flight.list_bookings(request.ports.flights, flight_id)
    return FlightBookingsResponse(
        [
            FlightBookingResponse(each.booking_id, ids.reference_of(each.booking_id), each.status)
            for each in bookings
        ]
    )


ROUTES = (
    list_oversold,
    list_overdue,
    list_flight_bookings,
)
