"""The route by which finance gives money back beyond the rules."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking.grant_refund import GrantRefund
from interfaces.http import auth, booking_view, commands, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_view import BookingResponse
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
    """Give money back; coupons that are still open are given up with it."""
    identity = idempotency.required(request, data)
    stream, _ = await booking_view.visible(request, booking_id)
    done = await commands.carry_out(
        request,
        identity,
        GrantRefund(booking_id=stream, reason=data.reason, amount=data.amount),
    )
    return Answered(
        await booking_view.opened(request, done.stream, done.booking), headers=done.headers
    )


ROUTES = (grant_refund,)
