"""The routes by which finance refunds beyond the rules, sends failed refunds again or records that
the bank paid them, and returns parked money or lets it pay for a booking.
"""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking import allocate_funds as allocating
from application.booking import grant_refund as use_case
from application.booking import record_bank_transfer as transferring
from application.booking import resend_refund as resending
from application.payment import return_parked_funds as returning
from domain.kernel import ids
from interfaces.http import auth, booking_response, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_response import BookingResponse
from interfaces.http.strict_request import StrictRequest


class RefundRequest(idempotency.KeyedRequest):
    """`amount` in minor units of the booking's currency; without it, all that is left."""

    reason: wire.ReasonText
    amount: Annotated[int, msgspec.Meta(ge=1, le=10**12)] | None = None


@post(
    "/api/admin/bookings/{booking_id:str}/refund",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("override_refund"),
)
async def grant_refund(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[RefundRequest]
) -> Answered[BookingResponse]:
    """Refund beyond the rules; coupons that are still open are cancelled with it.

    More than one person may grant of a booking (5,000 riyals, 400 dinars, 200,000 yen in all) is
    `proposedRefund` until another person asks for the same amount.
    """
    caller = idempotency.required(request, data)
    details = await use_case.grant_refund(
        request.ports.booking, caller, booking_id, reason=data.reason, amount=data.amount
    )
    return booking_response.answer(details)


class ResendRefundRequest(idempotency.KeyedRequest):
    """`intent` is another payment of the booking at Stripe to refund to; without it, the same."""

    intent: Annotated[str, msgspec.Meta(pattern=ids.INTENT_PATTERN)] | None = None


class ResentRefundResponse(msgspec.Struct, rename="camel"):
    """The refund that is sent in place of the failed one."""

    booking: str
    refund: str


@post(
    "/api/admin/bookings/{booking_id:str}/refunds/{refund_id:str}/resend",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("override_refund"),
)
async def resend_refund(
    request: StrictRequest,
    booking_id: FromPath[str],
    refund_id: FromPath[str],
    data: JSONBody[ResendRefundRequest],
) -> Answered[ResentRefundResponse]:
    """Send a refused or failed refund again; no coupon is touched."""
    caller = idempotency.required(request, data)
    sent = await resending.resend_refund(
        request.ports.booking, caller, booking_id, refund_id, intent=data.intent
    )
    return Answered(
        ResentRefundResponse(sent.booking_id, sent.refund),
        headers=idempotency.REPLAYED if sent.replayed else {},
    )


class BankTransferRequest(idempotency.KeyedRequest):
    """The bank's id of the transfer, at most the 35 characters of ISO 20022, and its value date."""

    bank_reference: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9][A-Z0-9/-]{3,34}$(?!\n)")]
    paid_on: dt.date


class TransferredRefundResponse(msgspec.Struct, rename="camel"):
    """The refund that the bank paid."""

    refund: str
    status: Literal["transferred"] = "transferred"


@post(
    "/api/admin/bookings/{booking_id:str}/refunds/{refund_id:str}/bank-transfer",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("override_refund"),
)
async def record_bank_transfer(
    request: StrictRequest,
    booking_id: FromPath[str],
    refund_id: FromPath[str],
    data: JSONBody[BankTransferRequest],
) -> Answered[TransferredRefundResponse]:
    """Record that a bank transfer paid a refused or failed refund: nothing more is owed by it."""
    caller = idempotency.required(request, data)
    transfer = transferring.BankTransfer(data.bank_reference, data.paid_on)
    replayed = await transferring.record_bank_transfer(
        request.ports.booking, caller, booking_id, refund_id, transfer
    )
    return Answered(
        TransferredRefundResponse(refund_id), headers=idempotency.REPLAYED if replayed else {}
    )


class ReturnedFundsResponse(msgspec.Struct, rename="camel"):
    """The refunds by which the parked money is returned: one, unless others drew from it before."""

    payment: str
    refunds: list[str]


@post(
    "/api/admin/payments/{payment_id:str}/parked-funds/{intent:str}/return",
    status_code=200,
    idempotency_key="required",
    optional_body=idempotency.KeyedRequest,
    **auth.signed_in("override_refund"),
)
async def return_parked_funds(
    request: StrictRequest, payment_id: FromPath[str], intent: FromPath[str]
) -> Answered[ReturnedFundsResponse]:
    """Refund late, duplicate or unmatched money from its own capture; no ticket is touched."""
    data = await request.optional_json(idempotency.KeyedRequest)
    caller = idempotency.required(request, data)
    returned = await returning.return_parked_funds(
        request.ports.booking.bus, caller, payment_id, intent
    )
    return Answered(
        ReturnedFundsResponse(payment_id, list(returned.refunds)),
        headers=idempotency.REPLAYED if returned.replayed else {},
    )


class AllocateFundsRequest(idempotency.KeyedRequest):
    """The booking, by id or reference, that the payer meant."""

    booking: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,40}$(?!\n)")]


class AllocatedFundsResponse(msgspec.Struct, rename="camel"):
    """The payment that pays for the booking now."""

    payment: str
    booking: str


@post(
    "/api/admin/payments/{payment_id:str}/parked-funds/{intent:str}/allocate",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("override_refund"),
)
async def allocate_parked_funds(
    request: StrictRequest,
    payment_id: FromPath[str],
    intent: FromPath[str],
    data: JSONBody[AllocateFundsRequest],
) -> Answered[AllocatedFundsResponse]:
    """Let money without a booking pay what is due for one; what is beyond goes back."""
    caller = idempotency.required(request, data)
    replayed = await allocating.allocate_funds(
        request.ports.booking.bus, caller, payment_id, intent, data.booking
    )
    return Answered(
        AllocatedFundsResponse(payment_id, data.booking),
        headers=idempotency.REPLAYED if replayed else {},
    )


ROUTES = (
    grant_refund,
    resend_refund,
    record_bank_transfer,
    return_parked_funds,
    allocate_parked_funds,
)
