"""Routes of operations: put flights on sale, change aircraft, reschedule, cancel, depart."""

import datetime as dt
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.commands.command import Command
from application.inventory.cancel_flight import CancelFlight
from application.inventory.change_equipment import ChangeEquipment
from application.inventory.depart_flight import DepartFlight
from application.inventory.reschedule_flight import RescheduleFlight
from application.inventory.schedule_flight import ScheduleFlight
from domain.inventory import schedule
from domain.inventory.events import CabinLayout, CapacityMove, FareClass, FlightScheduled
from domain.inventory.state import Flight
from domain.kernel import ids, money
from interfaces.http import auth, commands, flight_view, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

FlightNumber = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{2}\d{1,4}$")]
Letters = Annotated[str, msgspec.Meta(pattern="^[A-Z]{1,10}$")]
SeatCount = Annotated[int, msgspec.Meta(ge=0, le=600)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class LayoutRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Physical seats of a cabin; what may be sold follows by the overbooking rule."""

    cabin: wire.CabinName
    seat_count: SeatCount
    first_row: Annotated[int, msgspec.Meta(ge=1, le=60)]
    letters: Letters


class FareClassRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A booking class; those of a cabin from the highest to the lowest."""

    code: wire.FareClassCode
    cabin: wire.CabinName
    fare: Amount
    seat_limit: SeatCount | None = None
    residue: Literal["cash", "credit"] = "cash"


class FlightRequest(idempotency.KeyedRequest):
    """A departure; its id is made of number and date, local at the origin."""

    flight_number: FlightNumber
    origin: wire.AirportCode
    destination: wire.AirportCode
    departure_time: dt.datetime
    arrival_time: dt.datetime
    currency: Currency
    fare_classes: Annotated[list[FareClassRequest], msgspec.Meta(min_length=1, max_length=20)]
    cabins: Annotated[list[LayoutRequest], msgspec.Meta(min_length=1, max_length=2)]


class ReasonRequest(idempotency.KeyedRequest):
    """Why, in words that stay in the history and are told to passengers."""

    reason: wire.ReasonText


class RescheduleRequest(idempotency.KeyedRequest):
    """The new times."""

    departure_time: dt.datetime
    arrival_time: dt.datetime
    reason: wire.ReasonText


class EquipmentRequest(idempotency.KeyedRequest):
    """The cabins of the other aircraft."""

    cabins: Annotated[list[LayoutRequest], msgspec.Meta(min_length=1, max_length=2)]
    reason: wire.ReasonText


class CabinStateResponse(msgspec.Struct, rename="camel"):
    """Seats of a cabin; `oversold` is how many more are held and sold than authorised."""

    cabin: wire.CabinName
    authorised: int
    held: int
    sold: int
    oversold: int


class OversoldCabinResponse(msgspec.Struct, rename="camel"):
    """A cabin in which more seats are held and sold than authorised."""

    flight_id: str
    cabin: wire.CabinName
    departure_time: dt.datetime
    seats: int


class OversoldFlightsResponse(wire.ReadModelResponse):
    """The soonest departures first."""

    cabins: list[OversoldCabinResponse]


class FlightBookingResponse(msgspec.Struct, rename="camel"):
    """A booking on a flight; nothing personal."""

    id: str
    reference: str
    status: str


class FlightBookingsResponse(msgspec.Struct, rename="camel"):
    """Who has seats on a flight, by reference."""

    bookings: list[FlightBookingResponse]


class FlightTaskResponse(msgspec.Struct, rename="camel"):
    """How far the follow-up of a flight's bookings has come; `kind` is the event's tag."""

    kind: str
    total: int
    done: int
    failed: int
    finished: bool


class OperatedFlightResponse(msgspec.Struct, rename="camel"):
    """A departure as operations see it; `tasks` follow up on its bookings."""

    id: str
    flight_number: str
    status: str
    departure_time: dt.datetime
    arrival_time: dt.datetime
    cabins: list[CabinStateResponse]
    waiting: int
    bookings: int
    tasks: list[FlightTaskResponse]


@post("/api/admin/flights", status_code=201, **auth.signed_in("run_flights"))
async def schedule_flight(
    request: StrictRequest, data: JSONBody[FlightRequest]
) -> Answered[OperatedFlightResponse]:
    """Put a departure on sale; the same again changes nothing."""
    airports = request.ports.airports
    for field, code in (("origin", data.origin), ("destination", data.destination)):
        if code not in airports:
            raise invalid(field, "not an airport that is served")
    if data.departure_time.tzinfo is None or data.arrival_time.tzinfo is None:
        raise invalid("departureTime", "a time zone is expected")
    origin, destination = airports[data.origin], airports[data.destination]
    day = data.departure_time.astimezone(ZoneInfo(origin.zone)).date()
    stream = ids.flight_stream(data.flight_number, day.isoformat())
    scheduled = FlightScheduled(
        number=data.flight_number,
        origin=data.origin,
        destination=data.destination,
        origin_zone=origin.zone,
        destination_zone=destination.zone,
        departs_at=data.departure_time.astimezone(dt.UTC),
        arrives_at=data.arrival_time.astimezone(dt.UTC),
        domestic=origin.country == destination.country,
        fares=tuple(
            FareClass(
                each.code,
                wire.CABIN_CODES[each.cabin],
                money.Money(each.fare, data.currency),
                each.seat_limit,
                each.residue,
            )
            for each in data.fare_classes
        ),
        moves=tuple(
            CapacityMove(
                each.cabin, authorised=schedule.authorised_count(each.cabin, each.seat_count)
            )
            for each in _layouts(data.cabins)
        ),
        layouts=_layouts(data.cabins),
    )
    return await _carried_out(request, data, stream, ScheduleFlight(stream, scheduled))


@post(
    "/api/admin/flights/{flight_id:str}/equipment",
    status_code=200,
    **auth.signed_in("run_flights"),
)
async def change_equipment(
    request: StrictRequest, flight_id: FromPath[str], data: JSONBody[EquipmentRequest]
) -> Answered[OperatedFlightResponse]:
    """Another aircraft: what is sold stays sold, and shows as oversold where it no longer fits."""
    await flight_view.known(request, flight_id)
    layouts = _layouts(data.cabins)
    command = ChangeEquipment(flight_id=flight_id, layouts=layouts, reason=data.reason)
    return await _carried_out(request, data, flight_id, command)


@post(
    "/api/admin/flights/{flight_id:str}/reschedule",
    status_code=200,
    **auth.signed_in("run_flights"),
)
async def reschedule_flight(
    request: StrictRequest, flight_id: FromPath[str], data: JSONBody[RescheduleRequest]
) -> Answered[OperatedFlightResponse]:
    """Other times; every passenger is told, and may leave where it matters."""
    await flight_view.known(request, flight_id)
    if data.departure_time.tzinfo is None or data.arrival_time.tzinfo is None:
        raise invalid("departureTime", "a time zone is expected")
    command = RescheduleFlight(
        flight_id=flight_id,
        departs_at=data.departure_time.astimezone(dt.UTC),
        arrives_at=data.arrival_time.astimezone(dt.UTC),
        reason=data.reason,
    )
    return await _carried_out(request, data, flight_id, command)


@post("/api/admin/flights/{flight_id:str}/cancel", status_code=200, **auth.signed_in("run_flights"))
async def cancel_flight(
    request: StrictRequest, flight_id: FromPath[str], data: JSONBody[ReasonRequest]
) -> Answered[OperatedFlightResponse]:
    """The flight does not operate; every booking on it is followed up."""
    await flight_view.known(request, flight_id)
    command = CancelFlight(flight_id=flight_id, reason=data.reason)
    return await _carried_out(request, data, flight_id, command)


@post("/api/admin/flights/{flight_id:str}/depart", status_code=200, **auth.signed_in("run_flights"))
async def depart_flight(
    request: StrictRequest, flight_id: FromPath[str]
) -> Answered[OperatedFlightResponse]:
    """The doors are shut: who boarded flies, who did not is a no-show."""
    data = await request.optional_json(idempotency.KeyedRequest)
    await flight_view.known(request, flight_id)
    command = DepartFlight(flight_id=flight_id, departed_at=request.ports.now())
    return await _carried_out(request, data, flight_id, command)


@get("/api/admin/oversold-flights", **auth.signed_in("run_flights"))
async def list_oversold(request: StrictRequest) -> OversoldFlightsResponse:
    """Where somebody may have to stay behind."""
    cabins, as_of = await request.ports.oversold()
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


@get("/api/admin/flights/{flight_id:str}/bookings", **auth.signed_in("see_any_booking"))
async def list_flight_bookings(
    request: StrictRequest, flight_id: FromPath[str]
) -> FlightBookingsResponse:
    """Who has seats on the flight, for gate and disruption desk."""
    flight = await flight_view.known(request, flight_id)
    names = sorted(name for name, _ in flight.allocations.items())
    statuses = await request.ports.booking_statuses(names)
    return FlightBookingsResponse(
        [
            FlightBookingResponse(name, ids.reference_of(name), statuses[name])
            for name in names
            if name in statuses
        ]
    )


@get("/api/admin/flights/{flight_id:str}", **auth.signed_in("run_flights"))
async def read_operated_flight(
    request: StrictRequest, flight_id: FromPath[str]
) -> OperatedFlightResponse:
    """Counters, waitlist and how far the follow-up of its bookings has come."""
    return await _response(request, flight_id, await flight_view.known(request, flight_id))


async def _carried_out(
    request: StrictRequest,
    data: idempotency.KeyedRequest | None,
    stream: str,
    command: Command,
) -> Answered[OperatedFlightResponse]:
    identity = idempotency.optional(request, data)
    outcome = await commands.submit(request, identity, command)
    headers = commands.REPLAYED if outcome.replayed else {}
    flight = await flight_view.known(request, stream)
    return Answered(await _response(request, stream, flight), headers=headers)


async def _response(request: StrictRequest, stream: str, flight: Flight) -> OperatedFlightResponse:
    return OperatedFlightResponse(
        id=stream,
        flight_number=flight.number,
        status=flight.status.value,
        departure_time=flight.departs_at,
        arrival_time=flight.arrives_at,
        cabins=[
            CabinStateResponse(
                wire.CABIN_NAMES[each.code],
                each.authorised_count,
                each.held_count,
                each.sold_count,
                max(0, -each.free_count),
            )
            for each in flight.cabins.values()
        ],
        waiting=len(flight.waitlist),
        bookings=len(flight.allocations),
        tasks=[
            FlightTaskResponse(each.kind, each.total, each.done, each.failed, each.finished)
            for each in await request.ports.flight_tasks(stream)
        ],
    )


def _layouts(cabins: list[LayoutRequest]) -> tuple[CabinLayout, ...]:
    return tuple(
        CabinLayout(wire.CABIN_CODES[each.cabin], each.seat_count, each.first_row, each.letters)
        for each in cabins
    )


ROUTES = (
    schedule_flight,
    change_equipment,
    reschedule_flight,
    cancel_flight,
    depart_flight,
    list_oversold,
    list_flight_bookings,
    read_operated_flight,
)
