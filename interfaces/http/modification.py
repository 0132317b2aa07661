"""Routes of modification: a quote, its acceptance, abandoning it unpaid, and correcting a name."""

import datetime as dt

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking import (
    complete_modification,
    modify_booking,
    quote_modification,
)
from application.booking import correct_name as name_correction
from application.booking.correct_name import WantedName
from application.booking.quote_modification import WantedModification
from domain.kernel import money
from interfaces.http import (
    audited_reads,
    auth,
    booking_response,
    flight_response,
    idempotency,
    wire,
)
from interfaces.http.answers import Answered
from interfaces.http.booking_response import BookingResponse
from interfaces.http.flight_response import QuotedSegmentResponse
from interfaces.http.maintenance import SERVED
from interfaces.http.strict_request import StrictRequest


class ModificationQuoteRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The segment to exchange (from 0), for all its passengers; without a flight, the same one.

    `waiver` is staff's reason for taking neither fee nor difference, as at denied boarding.
    """

    segment: wire.SegmentIndex = 0
    flight_id: wire.FlightId | None = None
    cabin: wire.CabinName | None = None
    fare_class: wire.FareClassCode | None = None
    waiver: wire.ReasonText | None = None


class ModificationQuoteResponse(msgspec.Struct, rename="camel"):
    """`due` is paid first, or `back` is refunded to `destination`; at most one is not zero.

    `difference` is the new price less the old, tax of the whole journey included, `fee` comes on
    top: `feePercent` of the old price, and what a cancellation would keep of the difference to a
    cheaper flight; `waived` is a sum too small to be charged. `to` is the new flight with the
    conditions that count from then on.
    """

    quote_id: str
    difference: wire.MoneyResponse
    fee_percent: int
    fee: wire.MoneyResponse
    due: wire.MoneyResponse
    back: wire.MoneyResponse
    waived: wire.MoneyResponse
    destination: str
    to: QuotedSegmentResponse
    valid_until: dt.datetime


class ModifyRequest(idempotency.KeyedRequest):
    """Accept a modification quote."""

    quote_id: wire.QuoteId


class NameRequest(idempotency.KeyedRequest):
    """The correct name, as at the sale; without `arabicName` that one stays.

    Staff correct more than three letters with a `reason`.
    """

    passenger: wire.PassengerIndex
    first_name: wire.NameText | None
    last_name: wire.NameText
    arabic_name: wire.ArabicNameText | None = None
    reason: wire.ReasonText | None = None


@post(
    "/api/bookings/{booking_id:str}/modification-quote",
    operation_id="quoteModification",
    status_code=200,
    **SERVED,
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def quote(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[ModificationQuoteRequest]
) -> ModificationQuoteResponse:
    """Quote a modification; it holds no seats."""
    cabin = None if data.cabin is None else wire.CABIN_CODES[data.cabin]
    wanted = WantedModification(
        data.segment, data.flight_id, cabin, data.fare_class, waiver=data.waiver
    )
    issued = await quote_modification.quote_modification(
        request.ports.booking, request.principal, booking_id, wanted
    )
    if data.waiver is not None:
        address = auth.address_of(request)
        await audited_reads.record_waiver(request, booking_id, "modification", address)
    quoted, modification, currency = issued.quote, issued.quote.modification, issued.currency
    return ModificationQuoteResponse(
        quote_id=issued.quote_id,
        difference=wire.money_response(money.Money(quoted.difference, currency)),
        fee_percent=quoted.percent,
        fee=wire.money_response(money.Money(modification.fee, currency)),
        due=wire.money_response(money.Money(modification.due, currency)),
        back=wire.money_response(money.Money(modification.back, currency)),
        waived=wire.money_response(money.Money(modification.waived, currency)),
        destination=modification.destination,
        to=flight_response.quoted_segment(modification.to, issued.conditions),
        valid_until=quoted.valid_until,
    )


@post(
    "/api/bookings/{booking_id:str}/modify",
    operation_id="modifyBooking",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def modify(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[ModifyRequest]
) -> Answered[BookingResponse]:
    """Exchange at once where nothing is due; otherwise hold the new seats until it is paid."""
    caller = idempotency.required(request, data)
    details = await modify_booking.modify_booking(
        request.ports.booking, caller, booking_id, quote_id=data.quote_id
    )
    return booking_response.answer(details)


@post(
    "/api/bookings/{booking_id:str}/abandon-change",
    operation_id="abandonChange",
    status_code=200,
    idempotency_key="optional",
    optional_body=idempotency.KeyedRequest,
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def abandon(request: StrictRequest, booking_id: FromPath[str]) -> Answered[BookingResponse]:
    """Abandon an unpaid modification: the booking is as before."""
    data = await request.optional_json(idempotency.KeyedRequest)
    caller = idempotency.optional(request, data)
    details = await complete_modification.abandon_modification(
        request.ports.booking, caller, booking_id
    )
    return booking_response.answer(details)


@post(
    "/api/bookings/{booking_id:str}/correct-name",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def correct_name(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[NameRequest]
) -> Answered[BookingResponse]:
    """Correct up to three letters, as staff more; another person needs another ticket."""
    caller = idempotency.optional(request, data)
    wanted = WantedName(
        data.passenger, data.first_name, data.last_name, data.arabic_name, data.reason
    )
    details = await name_correction.correct_name(request.ports.booking, caller, booking_id, wanted)
    return booking_response.answer(details)


ROUTES = (quote, modify, abandon, correct_name)
