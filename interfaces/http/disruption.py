"""Passengers answer a cancelled or rescheduled flight; staff list those who have not."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.booking import answer_disruption as use_case
from application.queries import UnansweredFlight
from domain.kernel import ids
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
    idempotency_key="optional",
    **auth.signed_in(None, "booking", scope="bookings:write"),
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


class UnansweredFlightResponse(msgspec.Struct, rename="camel"):
    """A cancelled or moved flight of a booking without an answer since then; nothing personal."""

    id: str
    reference: str
    flight_id: str
    segment: int
    since: dt.datetime
    reminded: bool


class UnansweredCancellationsResponse(wire.ReadModelResponse):
    """The longest unanswered first."""

    cancellations: list[UnansweredFlightResponse]


class UnansweredMovesResponse(wire.ReadModelResponse):
    """The longest unanswered first."""

    moves: list[UnansweredFlightResponse]


@get(
    "/api/admin/unanswered-cancellations",
    operation_id="listUnansweredCancellations",
    **auth.signed_in("see_any_booking"),
)
async def list_unanswered(request: StrictRequest) -> UnansweredCancellationsResponse:
    """List cancelled flights that passengers have not answered: call them, or rebook them."""
    found, as_of = await request.ports.flights.unanswered_cancellations()
    return UnansweredCancellationsResponse(
        cancellations=_flights(found),
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


@get("/api/admin/unanswered-moves", **auth.signed_in("see_any_booking"))
async def list_unanswered_moves(request: StrictRequest) -> UnansweredMovesResponse:
    """List moved flights that passengers have not answered: they cannot check in before."""
    found, as_of = await request.ports.flights.unanswered_moves()
    return UnansweredMovesResponse(
        moves=_flights(found),
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


def _flights(found: Sequence[UnansweredFlight]) -> list[UnansweredFlightResponse]:
    return [
        UnansweredFlightResponse(
            each.booking_id,
            ids.reference_of(each.booking_id),
            each.flight,
            each.segment,
            each.since,
            each.reminded,
        )
        for each in found
    ]


ROUTES = (answer_disruption, list_unanswered, list_unanswered_moves)
