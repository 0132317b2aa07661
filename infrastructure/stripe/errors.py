"""Translates every failure of the Stripe SDK into the four failures of the gateway.

Neither the SDK's exceptions nor the transport's leave this package, and they are not chained to
ours, because their bodies can contain secrets.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import aiohttp
import msgspec
import stripe

from application.payment import gateway
from infrastructure.stripe import backoff
from infrastructure.stripe.transport import ForeignAnswer

_T = TypeVar("_T")

SERVER_ERRORS = 500

# The request was never sent: no server listened, or no connection was made in time.
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class Failed(msgspec.Struct, frozen=True):
    """A request that failed: as what, whether it may be sent again, and which limit it reached.

    An `outage` is no answer of Stripe's, or a server error that it did not keep.
    """

    failure: gateway.GatewayFailure
    repeat: bool = False
    limit: backoff.ReachedLimit | None = None
    outage: bool = False
    sent: bool = True


async def outcome(call: Awaitable[_T], *, seconds: float) -> _T | Failed:
    """Await an SDK call for so long; raises nothing of the SDK or the transport.

    Our transport passes on the exceptions of aiohttp, and the SDK does not wrap them.
    """
    try:
        async with asyncio.timeout(seconds):
            return await call
    except stripe.StripeError as error:
        headers = error.headers or {}
        status = error.http_status or 0
        return Failed(
            failure(error),
            repeat=backoff.is_wanted(status, headers),
            limit=backoff.reached_limit(status, headers),
            outage=_is_server_error(status) and headers.get("Idempotent-Replayed") != "true",
        )
    except ForeignAnswer as answer:
        return Failed(
            _foreign(answer.status),
            repeat=backoff.is_wanted(answer.status, answer.headers),
            outage=_is_server_error(answer.status),
        )
    except _NOT_SENT as error:
        refused = gateway.GatewayNotExecuted(f"not reached: {type(error).__name__}")
        return Failed(refused, outage=True)
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        return Failed(gateway.GatewayTimeout(f"no answer: {type(error).__name__}"), outage=True)


def _is_server_error(status: int) -> bool:
    return status >= SERVER_ERRORS


def _foreign(status: int) -> gateway.GatewayFailure:
    """Return the failure for an error that does not come from Stripe: it refuses nothing."""
    where = f"status {status}, not in Stripe's form"
    if status == backoff.TOO_MANY_REQUESTS:
        return gateway.GatewayNotExecuted(where)
    return gateway.GatewayUnavailable(where)


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
