"""The route of checkout: open a Stripe Checkout session for the amount due."""

import datetime as dt

import msgspec
from litestar import post
from litestar.params import FromPath

from application.booking import open_checkout as checkout
from interfaces.http import auth, idempotency
from interfaces.http.answers import Answered
from interfaces.http.strict_request import StrictRequest


class CheckoutRequest(idempotency.KeyedRequest):
    """Nothing but perhaps the key: the amount is the booking's."""


class CheckoutResponse(msgspec.Struct, rename="camel"):
    """Send the traveller to `checkoutUrl` before `expiresAt`."""

    payment_id: str
    checkout_url: str
    session_id: str
    expires_at: dt.datetime


@post(
    "/api/bookings/{booking_id:str}/checkout",
    status_code=200,
    **auth.signed_in("book", "payment"),
)
async def open_checkout(
    request: StrictRequest, booking_id: FromPath[str]
) -> Answered[CheckoutResponse]:
    """Open a Stripe Checkout session for the amount due, or return the one that is open."""
    data = await request.optional_json(CheckoutRequest)
    caller = idempotency.required(request, data)
    opened = await checkout.open_checkout(request.ports.booking, caller, booking_id)
    response = CheckoutResponse(
        payment_id=opened.payment_id,
        checkout_url=opened.url,
        session_id=opened.session_id,
        expires_at=opened.expires_at,
    )
    return Answered(response, headers=idempotency.REPLAYED if opened.replayed else {})


ROUTES = (open_checkout,)
