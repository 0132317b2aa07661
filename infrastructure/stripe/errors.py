"""Translates every failure of the Stripe SDK into the four failures of the gateway.

Neither the SDK's exceptions nor the transport's leave this package, and they are not chained to
ours, because their bodies can contain secrets.
"""

from collections.abc import Awaitable
from typing import TypeVar

import aiohttp
import stripe

from application.payment import gateway

_T = TypeVar("_T")

# The request was never sent: no server listened, or no connection was made in time.
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


async def translated(call: Awaitable[_T]) -> _T:
    """Await an SDK call; raises only GatewayFailure.

    Our transport passes on the exceptions of aiohttp, and the SDK does not wrap them.
    """
    try:
        return await call
    except stripe.StripeError as error:
        raise failure(error) from None
    except _NOT_SENT as error:
        raise gateway.GatewayNotExecuted(f"not reached: {type(error).__name__}") from None
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise gateway.GatewayTimeout(f"no answer: {type(error).__name__}") from None


def failure(error: stripe.StripeError) -> gateway.GatewayFailure:
    """Return the gateway failure for an SDK exception."""
    code, kind = _code_and_type(error)
    where = f"status {error.http_status}, {code or kind}, request {error.request_id}"
    if isinstance(
        error, stripe.AuthenticationError | stripe.PermissionError | stripe.IdempotencyError
    ):
        return gateway.GatewayMisconfigured(where)
    status = error.http_status or 0
    if isinstance(error, stripe.RateLimitError) or status == 429:
        return gateway.GatewayNotExecuted(where)
    if status >= 500 and (error.headers or {}).get("Idempotent-Replayed") == "true":
        return gateway.GatewayFailureKept(where)
    if status == 409 or status >= 500:
        return gateway.GatewayUnavailable(where)
    if 400 <= status < 500:
        return gateway.GatewayRejected(code or kind, str(error.user_message or where))
    return gateway.GatewayTimeout(f"unreadable answer: {where}")


def _code_and_type(error: stripe.StripeError) -> tuple[str | None, str]:
    """Stripe's own code and type: the SDK fills `error.code` for two of its classes only."""
    body = error.json_body if isinstance(error.json_body, dict) else {}
    fields = body.get("error")
    if not isinstance(fields, dict):
        return None, "unknown"
    code, kind = fields.get("code"), fields.get("type")
    return (code if isinstance(code, str) else None), str(kind or "unknown")
