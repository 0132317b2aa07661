"""Routes of payment: open a checkout, and take Stripe's webhooks in."""

import datetime as dt

import msgspec
from litestar import post
from litestar.params import FromPath

from application.payment.gateway import NotGenuine
from application.payment.start_checkout import StartCheckout
from domain.payment.state import Attempt, AttemptStatus
from interfaces.http import auth, booking_view, commands, gateway_calls, idempotency
from interfaces.http.answers import Answered
from interfaces.http.problems import Problem, invalid, prefers_arabic
from interfaces.http.strict_request import StrictRequest

# Stripe's events are larger than what clients send.
WEBHOOK_LIMIT_BYTES = 256 * 1024


class CheckoutRequest(idempotency.KeyedRequest):
    """Nothing but perhaps the key: the amount is the booking's."""


class CheckoutResponse(msgspec.Struct, rename="camel"):
    """Send the traveller to `checkoutUrl` before `expiresAt`."""

    payment_id: str
    checkout_url: str
    session_id: str
    expires_at: dt.datetime


class ReceivedResponse(msgspec.Struct, rename="camel", omit_defaults=True):
    """The event is ours to keep; `duplicate` when it was already."""

    received: bool
    duplicate: bool = False


@post(
    "/api/bookings/{booking_id:str}/checkout",
    status_code=200,
    **auth.signed_in("book", "payment"),
)
async def open_checkout(
    request: StrictRequest, booking_id: FromPath[str]
) -> Answered[CheckoutResponse]:
    """Open a Stripe Checkout session for the amount due, or give the one that is open."""
    data = await request.optional_json(CheckoutRequest)
    identity = idempotency.required(request, data)
    stream, _ = await booking_view.visible(request, booking_id)
    arabic = prefers_arabic((request.header(b"accept-language") or b"")[:256])
    command = StartCheckout(booking_id=stream, locale="ar" if arabic else "en")
    outcome = await commands.submit(request, identity, command)
    with gateway_calls.told():
        attempt = await request.ports.collector.open_session(
            outcome.answer.stream,
            outcome.answer.ids["attempt"],
            cause=commands.cause(request, identity),
        )
    headers = {"idempotency-replayed": "true"} if outcome.replayed else {}
    return Answered(_response(outcome.answer.stream, attempt), headers=headers)


def _response(payment: str, attempt: Attempt) -> CheckoutResponse:
    if attempt.status is AttemptStatus.CAPTURED:
        raise Problem("INVALID_STATE_TRANSITION", details={"reason": "paid"})
    if attempt.status is not AttemptStatus.OPEN or attempt.url is None or attempt.session is None:
        # A session that has ended is not opened again by the key that opened it: a fresh key is.
        raise Problem("PAYMENT_FAILED", details={"reason": f"session_{attempt.status.value}"})
    return CheckoutResponse(
        payment_id=payment,
        checkout_url=attempt.url,
        session_id=attempt.session,
        expires_at=attempt.expires_at,
    )


@post("/api/webhooks/stripe", status_code=200, request_max_body_size=WEBHOOK_LIMIT_BYTES)
async def receive_stripe_event(request: StrictRequest) -> ReceivedResponse:
    """Verify, keep, answer; the work is done by the worker."""
    body = await request.raw(limit_bytes=WEBHOOK_LIMIT_BYTES)
    signature = request.header(b"stripe-signature")
    try:
        received = await request.ports.receiver.receive(
            body, None if signature is None else signature.decode("latin-1")
        )
    except NotGenuine as error:
        raise invalid("", error.reason) from None
    return ReceivedResponse(received=True, duplicate=received == "duplicate")


ROUTES = (open_checkout, receive_stripe_event)
