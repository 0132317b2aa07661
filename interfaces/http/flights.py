"""Routes of operations: put flights on sale, change aircraft, reschedule, cancel, depart."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.inventory import cancel_flight as cancellation
from application.inventory import change_equipment as equipment
from application.inventory import depart_flight as departing
from application.inventory import operated_flight
from application.inventory import reinstate_flight as reinstating
from application.inventory import reschedule_flight as rescheduling
from application.inventory import schedule_flight as scheduling
from application.inventory import withdraw_departure as withdrawing
from application.inventory.cabin_plan import PlannedCabin
from application.inventory.operated_flight import OperatedFlight
from application.inventory.schedule_flight import Departure, PlannedFare
from domain.kernel import ids
from interfaces.http import auth, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

FlightNumber = Annotated[str, msgspec.Meta(pattern=ids.FLIGHT_NUMBER_PATTERN, max_length=7)]
Letters = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{1,10}$(?!\n)")]
Row = Annotated[int, msgspec.Meta(ge=1, le=999)]
SeatCount = Annotated[int, msgspec.Meta(ge=0, le=600)]
# IATA's code of an aircraft type (SSIM), such as 320 or 77W.
AircraftCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{3}$(?!\n)")]
Terminal = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,2}$(?!\n)")]
Amount = Annotated[int, msgspec.Meta(ge=1, le=10**9)]


class LayoutRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Physical seats of a cabin; what may be sold follows by the overbooking rule.

    `exitRows` are the rows at emergency exits; without them economy has one over the wings.
    """

    cabin: wire.CabinName
    seat_count: SeatCount
    first_row: Annotated[int, msgspec.Meta(ge=1, le=60)]
    letters: Letters
    exit_rows: Annotated[tuple[Row, ...], msgspec.Meta(max_length=10)] | None = None


class FareClassRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A booking class; those of a cabin from the highest to the lowest."""

    code: wire.FareClassCode
    cabin: wire.CabinName
    fare: Amount
    seat_limit: SeatCount | None = None
    residue: Literal["cash", "credit"] = "cash"


class FlightRequest(idempotency.KeyedRequest):
    """A departure; its id is made of number and date, local at the origin.

    `aircraft` is IATA's code of the type, such as 320.
    """

    flight_number: FlightNumber
    origin: wire.AirportCode
    destination: wire.AirportCode
    departure_time: dt.datetime
    arrival_time: dt.datetime
    currency: wire.CurrencyText
    fare_classes: Annotated[list[FareClassRequest], msgspec.Meta(min_length=1, max_length=20)]
    cabins: Annotated[list[LayoutRequest], msgspec.Meta(min_length=1, max_length=2)]
    aircraft: AircraftCode | None = None
    departure_terminal: Terminal | None = None
    arrival_terminal: Terminal | None = None


class ReasonRequest(idempotency.KeyedRequest):
    """A code (weather, technical, crew, air_traffic, airport, security, late_inbound, commercial,
    operational), in whose words passengers are told; other words are for staff only."""

    reason: wire.ReasonText


class RescheduleRequest(idempotency.KeyedRequest):
    """The new times."""

    departure_time: dt.datetime
    arrival_time: dt.datetime
    reason: wire.ReasonText


class EquipmentRequest(idempotency.KeyedRequest):
    """The cabins of the other aircraft; `aircraft` is IATA's code of its type, such as 321."""

    cabins: Annotated[list[LayoutRequest], msgspec.Meta(min_length=1, max_length=2)]
    reason: wire.ReasonText
    aircraft: AircraftCode | None = None


class CabinStateResponse(msgspec.Struct, rename="camel"):
    """Seats of a cabin; `oversold` is how many more are held and sold than authorised."""

    cabin: wire.CabinName
    authorised: int
    held: int
    sold: int
    oversold: int


class FlightTaskResponse(msgspec.Struct, rename="camel"):
    """The progress of the follow-up of a flight's bookings; `kind` is the event's tag."""

    kind: str
    total: int
    done: int
    failed: int
    finished: bool


class FlightChangeResponse(msgspec.Struct, rename="camel"):
    """What was done to the flight: `kind` is the event's tag, `note` what staff wrote about it."""

    kind: str
    reason: str
    note: str | None


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
    changes: list[FlightChangeResponse]


@post(
    "/api/admin/flights",
    status_code=201,
    idempotency_key="optional",
    **auth.signed_in("run_flights"),
)
async def schedule_flight(
    request: StrictRequest, data: JSONBody[FlightRequest]
) -> Answered[OperatedFlightResponse]:
    """Put a departure on sale; the same again changes nothing."""
    _require_time_zones(data.departure_time, data.arrival_time)
    caller = idempotency.optional(request, data)
    operated = await scheduling.schedule_flight(request.ports.flights, caller, _departure(data))
    return _answer(operated)


@post(
    "/api/admin/flights/{flight_id:str}/equipment",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in("run_flights"),
)
async def change_equipment(
    request: StrictRequest, flight_id: FromPath[str], data: JSONBody[EquipmentRequest]
) -> Answered[OperatedFlightResponse]:
    """Assign another aircraft; sold seats stay sold, and excess seats are reported as oversold."""
    caller = idempotency.optional(request, data)
    operated = await equipment.change_equipment(
        request.ports.flights,
        caller,
        flight_id,
        cabins=_cabins(data.cabins),
        reason=data.reason,
        aircraft=data.aircraft or "",
    )
    return _answer(operated)


@post(
    "/api/admin/flights/{flight_id:str}/reschedule",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in("run_flights"),
)
async def reschedule_flight(
    request: StrictRequest, flight_id: FromPath[str], data: JSONBody[RescheduleRequest]
) -> Answered[OperatedFlightResponse]:
    """Reschedule a flight; passengers get a letter, and may cancel where the change is material."""
    _require_time_zones(data.departure_time, data.arrival_time)
    caller = idempotency.optional(request, data)
    operated = await rescheduling.reschedule_flight(
        request.ports.flights,
        caller,
        flight_id,
        departs_at=data.departure_time,
        arrives_at=data.arrival_time,
        reason=data.reason,
    )
    return _answer(operated)


@post(
    "/api/admin/flights/{flight_id:str}/cancel",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in("run_flights"),
)
async def cancel_flight(
    request: StrictRequest, flight_id: FromPath[str], data: JSONBody[ReasonRequest]
) -> Answered[OperatedFlightResponse]:
    """Cancel a flight; every booking on it is followed up."""
    caller = idempotency.optional(request, data)
    operated = await cancellation.cancel_flight(
        request.ports.flights, caller, flight_id, reason=data.reason
    )
    return _answer(operated)


@post(
    "/api/admin/flights/{flight_id:str}/reinstate",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in("run_flights"),
)
async def reinstate_flight(
    request: StrictRequest, flight_id: FromPath[str], data: JSONBody[ReasonRequest]
) -> Answered[OperatedFlightResponse]:
    """Let a cancelled flight operate after all; bookings still on it are asked again."""
    caller = idempotency.optional(request, data)
    operated = await reinstating.reinstate_flight(
        request.ports.flights, caller, flight_id, reason=data.reason
    )
    return _answer(operated)


@post(
    "/api/admin/flights/{flight_id:str}/depart",
    status_code=200,
    idempotency_key="optional",
    optional_body=idempotency.KeyedRequest,
    **auth.signed_in("run_flights"),
)
async def depart_flight(
    request: StrictRequest, flight_id: FromPath[str]
) -> Answered[OperatedFlightResponse]:
    """Record the departure: passengers on board fly, the others are no-shows."""
    data = await request.optional_json(idempotency.KeyedRequest)
    caller = idempotency.optional(request, data)
    return _answer(await departing.depart_flight(request.ports.flights, caller, flight_id))


@post(
    "/api/admin/flights/{flight_id:str}/withdraw-departure",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in("run_flights"),
)
async def withdraw_departure(
    request: StrictRequest, flight_id: FromPath[str], data: JSONBody[RescheduleRequest]
) -> Answered[OperatedFlightResponse]:
    """Take back a departure recorded by mistake, until its accounting day ends; the times are those
    now expected."""
    _require_time_zones(data.departure_time, data.arrival_time)
    caller = idempotency.optional(request, data)
    operated = await withdrawing.withdraw_departure(
        request.ports.flights,
        caller,
        flight_id,
        departs_at=data.departure_time,
        arrives_at=data.arrival_time,
        reason=data.reason,
    )
    return _answer(operated)


@get("/api/admin/flights/{flight_id:str}", **auth.signed_in("run_flights"))
async def read_operated_flight(
    request: StrictRequest, flight_id: FromPath[str]
) -> OperatedFlightResponse:
    """Read counters, waitlist and the progress of the follow-up of its bookings."""
    return _response(await operated_flight.read_flight(request.ports.flights, flight_id))


def _answer(operated: OperatedFlight) -> Answered[OperatedFlightResponse]:
    headers = idempotency.REPLAYED if operated.replayed else {}
    return Answered(_response(operated), headers=headers)


def _response(operated: OperatedFlight) -> OperatedFlightResponse:
    flight = operated.flight
    return OperatedFlightResponse(
        id=operated.flight_id,
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
            for each in operated.tasks
        ],
        changes=[
            FlightChangeResponse(each.kind, each.reason, each.note) for each in operated.changes
        ],
    )


def _departure(data: FlightRequest) -> Departure:
    return Departure(
        number=data.flight_number,
        origin=data.origin,
        destination=data.destination,
        departs_at=data.departure_time,
        arrives_at=data.arrival_time,
        currency=data.currency,
        fares=tuple(
            PlannedFare(
                each.code, wire.CABIN_CODES[each.cabin], each.fare, each.seat_limit, each.residue
            )
            for each in data.fare_classes
        ),
        cabins=_cabins(data.cabins),
        aircraft=data.aircraft or "",
        departure_terminal=data.departure_terminal or "",
        arrival_terminal=data.arrival_terminal or "",
    )


def _cabins(cabins: list[LayoutRequest]) -> tuple[PlannedCabin, ...]:
    return tuple(
        PlannedCabin(
            wire.CABIN_CODES[each.cabin],
            each.seat_count,
            each.first_row,
            each.letters,
            each.exit_rows,
        )
        for each in cabins
    )


def _require_time_zones(*times: dt.datetime) -> None:
    if any(each.tzinfo is None for each in times):
        raise invalid("departureTime", "a time zone is expected")


ROUTES = (
    schedule_flight,
    change_equipment,
    reschedule_flight,
    cancel_flight,
    reinstate_flight,
    depart_flight,
    withdraw_departure,
    read_operated_flight,
)
