"""The route by which finance refunds beyond the rules."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking import grant_refund as use_case
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


ROUTES = (grant_refund,)
