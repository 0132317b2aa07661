"""What a client is told when the payment provider fails within a request."""

from collections.abc import Iterator
from contextlib import contextmanager

from application.payment.gateway import GatewayRejected, GatewayTimeout, GatewayUnavailable
from interfaces.http.problems import Problem

RETRY_AFTER_SECONDS = 2


@contextmanager
def told() -> Iterator[None]:
    """Turns the gateway's failures into problems of the contract."""
    try:
        yield
    except GatewayTimeout:
        raise Problem("PROVIDER_TIMEOUT", retry_after_seconds=RETRY_AFTER_SECONDS) from None
    except GatewayUnavailable:
        raise Problem("PROVIDER_ERROR", retry_after_seconds=RETRY_AFTER_SECONDS) from None
    except GatewayRejected as refusal:
        raise Problem("PAYMENT_FAILED", details={"reason": refusal.code}) from None
