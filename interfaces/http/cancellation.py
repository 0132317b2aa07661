"""Routes of cancellation: a quote with fee, refund and destination, then the cancellation."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking import cancel_booking
from application.booking.cancel_booking import Part
from domain.kernel import money
from interfaces.http import audited_reads, auth, booking_response, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_response import BookingResponse
from interfaces.http.maintenance import SERVED
from interfaces.http.strict_request import StrictRequest

Passengers = Annotated[list[wire.PassengerIndex], msgspec.Meta(min_length=1, max_length=9)]
Segments = Annotated[list[wire.SegmentIndex], msgspec.Meta(min_length=1, max_length=4)]


class CancellationQuoteRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Without members, all of the booking; `waiver` is staff's reason for taking no fee."""

    passengers: Passengers | None = None
    segments: Segments | None = None
    waiver: wire.ReasonText | None = None


class CancellationQuoteResponse(msgspec.Struct, rename="camel"):
    """Accept `quoteId` by `validUntil`: `refund` = `price` - `fee` - `tax` - `kept` goes to
    `destination`.

    `feePercent` is the highest among the flights; charges of airports are not part of what it
    applies to, and fees of earlier modifications are kept whole. `tax` is what becomes due on the
    rest of the journey without this part; negative where less is due. `kept` is what authorities
    keep of its charges.
    """

    quote_id: str
    price: wire.MoneyResponse
    fee_percent: int
    fee: wire.MoneyResponse
    tax: wire.MoneyResponse
    kept: wire.MoneyResponse
    refund: wire.MoneyResponse
    destination: str
    valid_until: dt.datetime


class CancelRequest(idempotency.KeyedRequest):
    """Accept a cancellation quote; `reason` is a code (requested, plans_changed, booked_twice,
    wrong_details, other), or the words of staff.
    """

    quote_id: wire.QuoteId
    reason: wire.ReasonText = "requested"


@post(
    "/api/bookings/{booking_id:str}/cancellation-quote",
    operation_id="quoteCancellation",
    status_code=200,
    optional_body=CancellationQuoteRequest,
    **SERVED,
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def quote(request: StrictRequest, booking_id: FromPath[str]) -> CancellationQuoteResponse:
    """Price the cancellation of a booking, a passenger or a flight; nothing is changed."""
    data = await request.optional_json(CancellationQuoteRequest) or CancellationQuoteRequest()
    part = Part(
        passengers=None if data.passengers is None else tuple(data.passengers),
        segments=None if data.segments is None else tuple(data.segments),
    )
    quote_id, quoted = await cancel_booking.quote_cancellation(
        request.ports.booking, request.principal, booking_id, part=part, waiver=data.waiver
    )
    if data.waiver is not None:
        address = auth.address_of(request)
        await audited_reads.record_waiver(request, booking_id, "cancellation", address)
    currency = quoted.price.currency
    return CancellationQuoteResponse(
        quote_id=quote_id,
        price=wire.money_response(quoted.price),
        fee_percent=quoted.percent,
        fee=wire.money_response(money.Money(quoted.fee, currency)),
        tax=wire.money_response(money.Money(quoted.tax, currency)),
        kept=wire.money_response(money.Money(quoted.kept, currency)),
        refund=wire.money_response(money.Money(quoted.refund, currency)),
        destination=quoted.destination,
        valid_until=quoted.valid_until,
    )


@post(
    "/api/bookings/{booking_id:str}/cancel",
    operation_id="cancelBooking",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def cancel(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[CancelRequest]
) -> Answered[BookingResponse]:
    """Cancel at the quoted terms; the refund follows by itself."""
    caller = idempotency.required(request, data)
    details = await cancel_booking.cancel_booking(
        request.ports.booking, caller, booking_id, quote_id=data.quote_id, reason=data.reason
    )
    return booking_response.answer(details)


ROUTES = (quote, cancel)
