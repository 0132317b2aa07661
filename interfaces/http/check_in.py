"""Routes from check-in to departure: check-in and its undo, boarding, offload, no-show."""

from typing import Annotated, Literal

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking import close_flight, offload_passengers
from application.booking.check_in import board_passengers, check_in_passengers, undo_check_in
from interfaces.http import auth, booking_response, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_response import BookingResponse
from interfaces.http.strict_request import StrictRequest

Passengers = Annotated[list[wire.PassengerIndex], msgspec.Meta(min_length=1, max_length=9)]


class GateRequest(idempotency.KeyedRequest):
    """Passengers of one flight of the journey; without them, all to whom it applies."""

    segment: wire.SegmentIndex = 0
    passengers: Passengers | None = None


class OffloadRequest(idempotency.KeyedRequest):
    """Take passengers off a flight; no fee is taken where the airline is at fault."""

    reason: wire.ReasonText
    fault: Literal["airline", "passenger"]
    segment: wire.SegmentIndex = 0
    passengers: Passengers | None = None


@post(
    "/api/bookings/{booking_id:str}/check-in",
    status_code=200,
    idempotency_key="optional",
    optional_body=GateRequest,
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def check_in(request: StrictRequest, booking_id: FromPath[str]) -> Answered[BookingResponse]:
    """Check passengers in: each gets a seat and a sequence number."""
    data = await request.optional_json(GateRequest) or GateRequest()
    caller = idempotency.optional(request, data)
    details = await check_in_passengers(
        request.ports.booking,
        caller,
        booking_id,
        segment=data.segment,
        passengers=_passengers(data),
    )
    return booking_response.answer(details)


@post(
    "/api/bookings/{booking_id:str}/undo-check-in",
    operation_id="undoCheckIn",
    status_code=200,
    idempotency_key="optional",
    optional_body=GateRequest,
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def undo(request: StrictRequest, booking_id: FromPath[str]) -> Answered[BookingResponse]:
    """Undo a check-in; the passengers keep their seats and may check in again."""
    data = await request.optional_json(GateRequest) or GateRequest()
    caller = idempotency.optional(request, data)
    details = await undo_check_in(
        request.ports.booking,
        caller,
        booking_id,
        segment=data.segment,
        passengers=_passengers(data),
    )
    return booking_response.answer(details)


@post(
    "/api/bookings/{booking_id:str}/board",
    operation_id="boardPassengers",
    status_code=200,
    idempotency_key="optional",
    optional_body=GateRequest,
    **auth.signed_in("handle_passengers"),
)
async def board(request: StrictRequest, booking_id: FromPath[str]) -> Answered[BookingResponse]:
    """Let checked-in passengers on board."""
    data = await request.optional_json(GateRequest) or GateRequest()
    caller = idempotency.optional(request, data)
    details = await board_passengers(
        request.ports.booking,
        caller,
        booking_id,
        segment=data.segment,
        passengers=_passengers(data),
    )
    return booking_response.answer(details)


@post(
    "/api/bookings/{booking_id:str}/offload",
    operation_id="offloadPassengers",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in("handle_passengers"),
)
async def offload(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[OffloadRequest]
) -> Answered[BookingResponse]:
    """Take passengers off a flight and cancel their coupons from there on."""
    caller = idempotency.optional(request, data)
    details = await offload_passengers.offload_passengers(
        request.ports.booking,
        caller,
        booking_id,
        segment=data.segment,
        passengers=_passengers(data),
        reason=data.reason,
        fault=data.fault,
    )
    return booking_response.answer(details)


@post(
    "/api/bookings/{booking_id:str}/no-show",
    operation_id="recordNoShow",
    status_code=200,
    idempotency_key="optional",
    optional_body=GateRequest,
    **auth.signed_in("handle_passengers"),
)
async def no_show(request: StrictRequest, booking_id: FromPath[str]) -> Answered[BookingResponse]:
    """Close a departed flight for this booking now, before the worker does."""
    data = await request.optional_json(GateRequest) or GateRequest()
    caller = idempotency.optional(request, data)
    details = await close_flight.close_flight(
        request.ports.booking, caller, booking_id, segment=data.segment
    )
    return booking_response.answer(details)


def _passengers(data: GateRequest | OffloadRequest) -> tuple[int, ...] | None:
    return None if data.passengers is None else tuple(data.passengers)


ROUTES = (check_in, undo, board, offload, no_show)
