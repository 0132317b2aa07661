"""The route of Stripe's webhook: verify and store an event; the worker processes it."""

import msgspec
from litestar import post

from application.payment.gateway import NotGenuine
from interfaces.http.maintenance import SERVED
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

# Stripe's events are larger than what clients send.
WEBHOOK_LIMIT_BYTES = 256 * 1024


class ReceivedResponse(msgspec.Struct, rename="camel", omit_defaults=True):
    """The event is stored; `duplicate` when it was stored before."""

    received: bool
    duplicate: bool = False


@post("/api/webhooks/stripe", status_code=200, request_max_body_size=WEBHOOK_LIMIT_BYTES, **SERVED)
async def receive_stripe_event(request: StrictRequest) -> ReceivedResponse:
    """Verify and store the event; the worker processes it."""
    body = await request.raw(limit_bytes=WEBHOOK_LIMIT_BYTES)
    signature = request.header(b"stripe-signature")
    try:
        received = await request.ports.receiver.receive(
            body, None if signature is None else signature.decode("latin-1")
        )
    except NotGenuine as error:
        raise invalid("", error.reason) from None
    return ReceivedResponse(received=True, duplicate=received != "fresh")


ROUTES = (receive_stripe_event,)
