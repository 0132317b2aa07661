"""Routes of extras after the sale: quote, order, abandon; the return of one of them."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking import order_extras, quote_extras
from application.booking import refund_extra as extra_return
from application.pricing.journeys import WantedExtra, WantedSeat
from domain.kernel import money
from interfaces.http import auth, booking_response, extra_response, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_response import BookingResponse
from interfaces.http.extra_response import ExtraResponse
from interfaces.http.maintenance import SERVED
from interfaces.http.strict_request import StrictRequest

DocumentNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{13}$(?!\n)")]


class ExtrasQuoteRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Extras for passengers of the booking, and seats; a seat that is sold as an extra adds it."""

    extras: Annotated[tuple[wire.ExtraRequest, ...], msgspec.Meta(max_length=72)] = ()
    seats: Annotated[tuple[wire.SeatRequest, ...], msgspec.Meta(max_length=36)] = ()


class ExtrasQuoteResponse(msgspec.Struct, rename="camel"):
    """Order by `quoteId` until `validUntil`, and pay exactly `total`."""

    quote_id: str
    total: wire.MoneyResponse
    extras: list[ExtraResponse]
    valid_until: dt.datetime


class AddExtrasRequest(idempotency.KeyedRequest):
    """Accept a quote of extras."""

    quote_id: wire.QuoteId


class ExtraRefundQuoteRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The extra that is returned, by the number of its document."""

    document_number: DocumentNumber


class ExtraRefundQuoteResponse(msgspec.Struct, rename="camel"):
    """Accept `quoteId` by `validUntil`: `refund` = `price` - `fee` goes back to the card.

    `feePercent` is what cancelling the flight would cost now.
    """

    quote_id: str
    price: wire.MoneyResponse
    fee_percent: int
    fee: wire.MoneyResponse
    refund: wire.MoneyResponse
    valid_until: dt.datetime


class RefundExtraRequest(idempotency.KeyedRequest):
    """Accept the quote of the return of an extra."""

    quote_id: wire.QuoteId


@post(
    "/api/bookings/{booking_id:str}/extras-quote",
    operation_id="quoteExtras",
    status_code=200,
    **SERVED,
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def quote(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[ExtrasQuoteRequest]
) -> ExtrasQuoteResponse:
    """Price extras for a booking with tickets; nothing is held."""
    issued = await quote_extras.quote_extras(
        request.ports.booking,
        request.principal,
        booking_id,
        extras=[WantedExtra(each.code, each.passenger, each.segment) for each in data.extras],
        seats=[WantedSeat(each.passenger, each.segment, each.seat) for each in data.seats],
    )
    order = issued.quote.order
    return ExtrasQuoteResponse(
        quote_id=issued.quote_id,
        total=wire.money_response(money.Money(order.due, issued.currency)),
        extras=[extra_response.response(each) for each in issued.shown],
        valid_until=issued.quote.valid_until,
    )


@post(
    "/api/bookings/{booking_id:str}/add-extras",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def add_extras(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[AddExtrasRequest]
) -> Answered[BookingResponse]:
    """Order extras at the quoted prices; a checkout then collects what is due."""
    caller = idempotency.required(request, data)
    details = await order_extras.order_extras(
        request.ports.booking, caller, booking_id, quote_id=data.quote_id
    )
    return booking_response.answer(details)


@post(
    "/api/bookings/{booking_id:str}/abandon-extras",
    operation_id="abandonExtras",
    status_code=200,
    idempotency_key="optional",
    optional_body=idempotency.KeyedRequest,
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def abandon(request: StrictRequest, booking_id: FromPath[str]) -> Answered[BookingResponse]:
    """Abandon an unpaid order of extras: the booking is as before."""
    data = await request.optional_json(idempotency.KeyedRequest)
    caller = idempotency.optional(request, data)
    details = await order_extras.abandon_extras(request.ports.booking, caller, booking_id)
    return booking_response.answer(details)


@post(
    "/api/bookings/{booking_id:str}/extra-refund-quote",
    operation_id="quoteExtraRefund",
    status_code=200,
    **SERVED,
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def quote_refund(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[ExtraRefundQuoteRequest]
) -> ExtraRefundQuoteResponse:
    """Price the return of one unused extra; nothing is changed."""
    issued = await extra_return.quote_extra_refund(
        request.ports.booking, request.principal, booking_id, document=data.document_number
    )
    quoted, currency = issued.quote, issued.currency
    return ExtraRefundQuoteResponse(
        quote_id=issued.quote_id,
        price=wire.money_response(money.Money(quoted.extra.total, currency)),
        fee_percent=quoted.percent,
        fee=wire.money_response(money.Money(quoted.fee, currency)),
        refund=wire.money_response(money.Money(quoted.refund, currency)),
        valid_until=quoted.valid_until,
    )


@post(
    "/api/bookings/{booking_id:str}/refund-extra",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def refund_extra(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[RefundExtraRequest]
) -> Answered[BookingResponse]:
    """Return one extra at the quoted terms; the refund follows by itself."""
    caller = idempotency.required(request, data)
    details = await extra_return.refund_extra(
        request.ports.booking, caller, booking_id, quote_id=data.quote_id
    )
    return booking_response.answer(details)


ROUTES = (quote, add_extras, abandon, quote_refund, refund_extra)
