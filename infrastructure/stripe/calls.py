"""Sends one request to Stripe and decodes its answer, by the SDK's raw request over our transport.

The SDK signs in, pins the version, encodes the form and turns error answers into exceptions; its
own retries are off. Nothing of the SDK or the transport leaves this package.
"""

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

import msgspec
import stripe

from application.payment import gateway
from infrastructure.stripe import errors
from infrastructure.stripe.transport import Headers, PooledTransport
from infrastructure.stripe.version import API_VERSION

Shape = TypeVar("Shape")


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


class StripeCalls:
    """One client and one pool of connections for all calls of a process; the caller closes it."""

    def __init__(self, *, api_key: str, base_url: str | None, timeout_seconds: float) -> None:
        self._transport = PooledTransport(timeout_seconds=timeout_seconds)
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
        """Send the request; `key` is its idempotency key. Raises only GatewayFailure."""
        options: dict[str, Any] = dict(params or {})
        if key is not None:
            options["idempotency_key"] = key
        response = await errors.translated(
            self._client.raw_request_async(endpoint.method, endpoint.path_of(object_id), **options)
        )
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
