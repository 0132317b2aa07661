"""Routes of giving up: a quote with fee, refund and destination, then the cancellation itself."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking.cancel_booking import (
    CancelBooking,
    CancellationQuote,
    Part,
    quote_cancellation,
)
from domain.booking import states
from domain.identity import roles
from domain.kernel import money
from interfaces.http import auth, booking_view, commands, gateway_calls, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_view import BookingResponse
from interfaces.http.problems import Problem, invalid
from interfaces.http.strict_request import StrictRequest

Passengers = Annotated[list[wire.PassengerIndex], msgspec.Meta(min_length=1, max_length=9)]
Segments = Annotated[list[wire.SegmentIndex], msgspec.Meta(min_length=1, max_length=4)]


class CancellationQuoteRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Without members, all of the booking; `waiver` is staff's reason for taking no fee."""

    passengers: Passengers | None = None
    segments: Segments | None = None
    waiver: wire.ReasonText | None = None


class CancellationQuoteResponse(msgspec.Struct, rename="camel"):
    """`refund` = `price` - `fee`; it goes to `destination`. Hold on to it until `validUntil`."""

    quote_id: str
    price: wire.MoneyResponse
    fee_percent: int
    fee: wire.MoneyResponse
    refund: wire.MoneyResponse
    destination: str
    valid_until: dt.datetime


class CancelRequest(idempotency.KeyedRequest):
    """Accept a cancellation quote."""

    quote_id: wire.QuoteId
    reason: wire.ReasonText = "requested"


@post(
    "/api/bookings/{booking_id:str}/cancellation-quote",
    status_code=200,
    **auth.signed_in(None, "booking"),
)
async def quote(request: StrictRequest, booking_id: FromPath[str]) -> CancellationQuoteResponse:
    """What giving up the booking, a passenger or a flight would cost; nothing is changed."""
    data = await request.optional_json(CancellationQuoteRequest) or CancellationQuoteRequest()
    stream, booking = await booking_view.changeable(request, booking_id)
    if data.waiver is not None and not roles.may(request.principal.role, "change_any_booking"):
        raise Problem("FORBIDDEN")
    made = quote_cancellation(
        stream,
        booking,
        await booking_view.facts(request, booking),
        part=Part(
            passengers=None if data.passengers is None else tuple(data.passengers),
            segments=None if data.segments is None else tuple(data.segments),
        ),
        at_gate=False,
        waiver=data.waiver,
        now=request.ports.now(),
    )
    return response(request, made)


def response(request: StrictRequest, made: CancellationQuote) -> CancellationQuoteResponse:
    """The quote, signed."""
    currency = made.price.currency
    return CancellationQuoteResponse(
        quote_id=request.ports.signer.issue(made),
        price=wire.money_response(made.price),
        fee_percent=made.percent,
        fee=wire.money_response(money.Money(made.fee, currency)),
        refund=wire.money_response(money.Money(made.refund, currency)),
        destination=made.destination,
        valid_until=made.valid_until,
    )


@post("/api/bookings/{booking_id:str}/cancel", status_code=200, **auth.signed_in(None, "booking"))
async def cancel(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[CancelRequest]
) -> Answered[BookingResponse]:
    """Cancel at the quoted terms; the refund goes out by itself."""
    identity = idempotency.required(request, data)
    stream, booking = await booking_view.changeable(request, booking_id)
    accepted = request.ports.signer.accept(data.quote_id, CancellationQuote)
    if accepted.booking != stream:
        raise invalid("quoteId", "belongs to another booking")
    if booking.status in states.UNPAID:
        # Nobody must be able to pay for what is given up.
        with gateway_calls.told():
            await request.ports.releaser.end_live_session(
                stream, booking, cause=commands.cause(request, identity)
            )
    done = await commands.carry_out(
        request, identity, CancelBooking(quote=accepted, reason=data.reason)
    )
    return Answered(
        await booking_view.opened(request, done.stream, done.booking), headers=done.headers
    )


ROUTES = (quote, cancel)
