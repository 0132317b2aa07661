"""The route by which passengers answer a cancelled or rescheduled flight."""

from typing import Literal

from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking import answer_disruption as use_case
from interfaces.http import auth, booking_response, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_response import BookingResponse
from interfaces.http.strict_request import StrictRequest


class DisruptionAnswerRequest(idempotency.KeyedRequest):
    """Stay with the flight, move free of charge by a modification quote, or full refund."""

    choice: Literal["accept", "move", "refund"]
    segment: wire.SegmentIndex = 0
    quote_id: wire.QuoteId | None = None


@post(
    "/api/bookings/{booking_id:str}/disruption",
    status_code=200,
    **auth.signed_in(None, "booking"),
)
async def answer_disruption(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[DisruptionAnswerRequest]
) -> Answered[BookingResponse]:
    """Answer a cancelled or rescheduled flight."""
    caller = idempotency.optional(request, data)
    details = await use_case.answer_disruption(
        request.ports.booking,
        caller,
        booking_id,
        choice=data.choice,
        segment=data.segment,
        quote_id=data.quote_id,
    )
    return booking_response.answer(details)


ROUTES = (answer_disruption,)
