"""The route by which passengers answer the airline's change of plans."""

from typing import Literal

from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking.disruption import AcceptDisruption, RefundDisruption
from application.commands.command import Command
from interfaces.http import auth, booking_view, commands, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_view import BookingResponse
from interfaces.http.modification import accepted_change
from interfaces.http.problems import invalid
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
    identity = idempotency.optional(request, data)
    stream, booking = await booking_view.changeable(request, booking_id)
    command: Command
    if data.choice == "move":
        if data.quote_id is None:
            raise invalid("quoteId", "missing")
        command = await accepted_change(request, data.quote_id, stream, booking)
    elif data.choice == "refund":
        command = RefundDisruption(booking_id=stream, segment=data.segment)
    else:
        command = AcceptDisruption(booking_id=stream, segment=data.segment)
    done = await commands.carry_out(request, identity, command)
    return Answered(
        await booking_view.opened(request, done.stream, done.booking), headers=done.headers
    )


ROUTES = (answer_disruption,)
