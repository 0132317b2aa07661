"""The route by which passengers choose seats."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking import choose_seats as use_case
from interfaces.http import auth, booking_response, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_response import BookingResponse
from interfaces.http.strict_request import StrictRequest


class PlaceRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A seat such as `12A` for a passenger, counted from 0."""

    passenger: wire.PassengerIndex
    seat: wire.SeatNumber


class SeatsRequest(idempotency.KeyedRequest):
    """Seats on one flight of the journey."""

    seats: Annotated[list[PlaceRequest], msgspec.Meta(min_length=1, max_length=9)]
    segment: wire.SegmentIndex = 0


@post(
    "/api/bookings/{booking_id:str}/seats",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def choose_seats(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[SeatsRequest]
) -> Answered[BookingResponse]:
    """Choose seats on a flight; seats with a price are bought with the booking."""
    caller = idempotency.optional(request, data)
    seats = [(each.passenger, each.seat) for each in data.seats]
    details = await use_case.choose_seats(
        request.ports.booking, caller, booking_id, segment=data.segment, seats=seats
    )
    return booking_response.answer(details)


ROUTES = (choose_seats,)
