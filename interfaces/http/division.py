"""Route by which passengers leave a booking for one of their own."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking import divide_booking
from interfaces.http import auth, booking_response, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_response import BookingResponse
from interfaces.http.strict_request import StrictRequest


class DivisionRequest(idempotency.KeyedRequest):
    """The passengers who leave, by their places in the booking."""

    passengers: Annotated[list[wire.PassengerIndex], msgspec.Meta(min_length=1, max_length=9)]


@post(
    "/api/bookings/{booking_id:str}/division",
    operation_id="divideBooking",
    idempotency_key="required",
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def divide(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[DivisionRequest]
) -> Answered[BookingResponse]:
    """Give passengers a booking of their own; the answer is the new booking."""
    caller = idempotency.required(request, data)
    details = await divide_booking.divide_booking(
        request.ports.booking, caller, booking_id, passengers=tuple(data.passengers)
    )
    return booking_response.answer(details, status_code=201)


ROUTES = (divide,)
