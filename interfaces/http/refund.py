"""The routes by which finance refunds beyond the rules and sends failed refunds again."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking import grant_refund as use_case
from application.booking import resend_refund as resending
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
    **auth.signed_in("override_refund"),
)
async def grant_refund(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[RefundRequest]
) -> Answered[BookingResponse]:
    """Refund beyond the rules; coupons that are still open are cancelled with it."""
    caller = idempotency.required(request, data)
    details = await use_case.grant_refund(
        request.ports.booking, caller, booking_id, reason=data.reason, amount=data.amount
    )
    return booking_response.answer(details)


class ResendRefundRequest(idempotency.KeyedRequest):
    """`intent` is another payment of the booking at Stripe to refund to; without it, the same."""

    intent: Annotated[str, msgspec.Meta(pattern=r"^pi_[A-Za-z0-9_]{1,250}$(?!\n)")] | None = None


class ResentRefundResponse(msgspec.Struct, rename="camel"):
    """The refund that is sent in place of the failed one."""

    booking: str
    refund: str


@post(
    "/api/admin/bookings/{booking_id:str}/refunds/{refund_id:str}/resend",
    status_code=200,
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


ROUTES = (grant_refund, resend_refund)
