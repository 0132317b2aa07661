"""Sends one request to Stripe and decodes its answer, by the SDK's raw request over our transport.

The SDK signs in, pins the version, encodes the form and turns error answers into exceptions; its
own retries are off. Nothing of the SDK or the transport leaves this package.
"""

import asyncio
import itertools
import logging
import time
import uuid
from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

import msgspec
import stripe

from application import metrics, telemetry
from application.payment import gateway, urgency
from infrastructure.stripe import backoff, errors
from infrastructure.stripe.breaker import Breaker
from infrastructure.stripe.pace import Pace
from infrastructure.stripe.transport import Headers, PooledTransport
from infrastructure.stripe.version import API_VERSION

logger = logging.getLogger(__name__)

Shape = TypeVar("Shape")

# The part of a call's time that it waits for its turn; the rest is for Stripe's answer.
PATIENCE = 0.5


class Endpoint(Generic[Shape]):
    """An operation of Stripe's API and the type of its answer; `{id}` in the path is an object's.

    Its name is what Stripe counts by: the method and the path, all ids together
    (https://docs.stripe.com/rate-limits).
    """

    def __init__(self, method: Literal["get", "post"], path: str, shape: type[Shape]) -> None:
        self.method = method
        self.path = path
        self.name = f"{method} {path}"
        self.decoder = msgspec.json.Decoder(shape)

    def path_of(self, object_id: str | None) -> str:
        """Return the path for this object; the id may come from outside and is quoted."""
        if object_id is None:
            return self.path
        return self.path.replace("{id}", quote(object_id, safe=""))


class Answer(msgspec.Struct, Generic[Shape], frozen=True):
    """What Stripe answered; `replayed` where it is the stored answer to an earlier request."""

    content: Shape
    replayed: bool


class _Tally:
    """What the first try of a call that was sent says about Stripe; None while none was.

    Later tries have little time left: that they get no answer may be our doing.
    """

    def __init__(self) -> None:
        self.outage: bool | None = None

    def note(self, outcome: stripe.StripeResponse | errors.Failed) -> None:
        """Take over how a try ended; an answer to any of them is an answer."""
        if not isinstance(outcome, errors.Failed):
            self.outage = False
        elif outcome.sent and self.outage is None:
            self.outage = outcome.outage


class StripeCalls:
    """One client, one pool of connections and one pace for all calls of a process.

    A call ends within its time, waits and repeats included; the caller closes the connections.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None,
        timeout_seconds: float,
        pace: Pace,
        breaker: Breaker | None = None,
        carrier: str = "",
    ) -> None:
        self._carrier = carrier
        self._timeout = timeout_seconds
        self._pace = pace
        self._breaker = breaker
        self._transport = PooledTransport(connect_seconds=timeout_seconds / 2)
        self._client = stripe.StripeClient(
            api_key,
            stripe_version=API_VERSION,
            base_addresses={} if base_url is None else {"api": base_url},
            http_client=self._transport,
            max_network_retries=0,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close_async()

    async def send(
        self,
        endpoint: Endpoint[Shape],
        object_id: str | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Answer[Shape]:
        """Send the request when its turn comes, and again where Stripe wants that.

        `key` is its idempotency key. Raises only GatewayFailure; GatewayNotExecuted only where no
        try can have been carried out.
        """
        began = time.perf_counter()
        with telemetry.span("stripe", endpoint=endpoint.name) as step:
            try:
                response = await self._admitted(endpoint, object_id, params=params, key=key)
            except gateway.GatewayFailure as failure:
                kind = type(failure).__name__
                self._measure(began, endpoint.name, kind)
                # What Stripe writes for a customer may name what he entered.
                reason = failure.code if isinstance(failure, gateway.GatewayRejected) else failure
                logger.info("Stripe %s: %s, %s", endpoint.name, kind, reason)
                raise
            self._measure(began, endpoint.name, "ok")
            request_id = response.headers.get("Request-Id", "")
            if step is not None:
                step.note(status=response.code, stripe_request=request_id)
        logger.info("Stripe %s: %s", endpoint.name, request_id)
        return _answer(endpoint, response)

    def _measure(self, began: float, endpoint: str, outcome: str) -> None:
        seconds = time.perf_counter() - began
        metrics.STRIPE_SECONDS.record(seconds, self._carrier, endpoint, outcome)

    async def _admitted(
        self,
        endpoint: Endpoint[Any],
        object_id: str | None,
        *,
        params: Mapping[str, Any] | None,
        key: str | None,
    ) -> stripe.StripeResponse:
        """Send it if the breaker lets calls pass, and note whether Stripe answered."""
        if self._breaker is None:
            return await self._sent(endpoint, object_id, _Tally(), params=params, key=key)
        probe, tally = self._breaker.admit(), _Tally()
        try:
            return await self._sent(endpoint, object_id, tally, params=params, key=key)
        finally:
            self._breaker.finish(tally.outage, probe=probe)

    async def _sent(
        self,
        endpoint: Endpoint[Any],
        object_id: str | None,
        tally: _Tally,
        *,
        params: Mapping[str, Any] | None,
        key: str | None,
    ) -> stripe.StripeResponse:
        until = self._pace.now() + self._timeout
        options: dict[str, Any] = dict(params or {})
        if endpoint.method == "post":
            options["idempotency_key"] = key or f"once:{uuid.uuid4()}"
        path = endpoint.path_of(object_id)
        in_doubt: gateway.GatewayFailure | None = None
        for tries in itertools.count(1):
            outcome = await self._send_once(endpoint, path, options, until)
            tally.note(outcome)
            if not isinstance(outcome, errors.Failed):
                return outcome
            if not isinstance(outcome.failure, gateway.GatewayNotExecuted):
                in_doubt = outcome.failure
            if not await self._may_repeat(endpoint, outcome, tries, until):
                raise (in_doubt or outcome.failure) from None
        raise AssertionError("the tries of a call are limited")

    async def _send_once(
        self, endpoint: Endpoint[Any], path: str, options: dict[str, Any], until: float
    ) -> stripe.StripeResponse | errors.Failed:
        """Wait for the turn for half of the time left at most: the rest is for the answer."""
        now = self._pace.now()
        try:
            await self._pace.admit(
                endpoint.name, urgency.current(), until=now + (until - now) * PATIENCE
            )
        except gateway.GatewayNotExecuted as failure:
            return errors.Failed(failure, sent=False)
        return await errors.outcome(
            self._client.raw_request_async(endpoint.method, path, **options),
            seconds=until - self._pace.now(),
        )

    async def _may_repeat(
        self, endpoint: Endpoint[Any], failed: errors.Failed, tries: int, until: float
    ) -> bool:
        """Wait before the next try; return False at once where there is none."""
        wait = backoff.wait_seconds(tries)
        if failed.limit is not None:
            self._pace.pause(endpoint.name if failed.limit == "endpoint" else None, wait)
        late = self._pace.now() + wait >= until
        if not failed.repeat or tries == backoff.TRIES_LIMIT or late:
            return False
        await asyncio.sleep(wait)
        return True


def _answer(endpoint: Endpoint[Shape], response: stripe.StripeResponse) -> Answer[Shape]:
    headers = response.headers
    assert isinstance(headers, Headers), "the SDK passes on the headers of our transport"
    replayed = headers.get("Idempotent-Replayed") == "true"
    return Answer(decoded(endpoint, headers.body), replayed)


def decoded(endpoint: Endpoint[Shape], body: bytes) -> Shape:
    """Return the body as the endpoint's type.

    Raises GatewayUnreadable for another shape and GatewayTimeout for what is not JSON, such as a
    proxy's page: that may be JSON the next time.
    """
    try:
        return endpoint.decoder.decode(body)
    except msgspec.ValidationError as error:
        raise gateway.GatewayUnreadable(f"unreadable answer: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise gateway.GatewayTimeout(f"unreadable answer of {len(body)} bytes") from None
