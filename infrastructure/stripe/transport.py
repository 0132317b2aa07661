"""The HTTP client that the SDK sends with: one pool of connections, and answers left as they came.

The SDK parses every body into ordered dictionaries and objects. What succeeded is decoded by us
instead, once and into our own types, so the SDK gets an empty object for it and the body travels
beside the headers. Errors pass whole: the SDK turns them into its exceptions.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Iterator, Mapping
from typing import Any

import aiohttp
import msgspec
import stripe

# Stripe allows some dozens of requests a second: more connections than that are never busy.
CONNECTIONS_LIMIT = 100
# A handshake costs a checkout more than the call; a server that closes earlier is noticed.
KEEP_ALIVE_SECONDS = 30.0
_PARSED_ELSEWHERE = b"{}"

# The SDK sends with each request how long the one before took, and keeps an id for that in a file
# in the home folder.
stripe.enable_telemetry = False


class Headers(Mapping[str, str]):
    """The headers of an answer, of any case, and its body."""

    __slots__ = ("_fields", "body")

    def __init__(self, fields: Mapping[str, str], body: bytes) -> None:
        self._fields = fields
        self.body = body

    def __getitem__(self, name: str) -> str:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class ForeignAnswer(Exception):
    """An error that is not in Stripe's form, such as the page of a proxy or a network's login."""

    def __init__(self, status: int, headers: Headers) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers


class _Error(msgspec.Struct, frozen=True):
    """What every error of Stripe has."""

    error: dict[str, Any]


class PooledTransport(stripe.HTTPClient):
    """Sends over one session, opened at the first request.

    Raises aiohttp's own exceptions, and ForeignAnswer: what is not Stripe's the SDK cannot read.
    """

    name = "aiohttp"

    def __init__(self, *, connect_seconds: float) -> None:
        super().__init__()
        # The caller limits the whole call.
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def request_async(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: str | None = None,
    ) -> tuple[bytes, int, Headers]:
        """Send one request and read its whole answer."""
        if self._session is None:
            self._session = self._opened()
        async with self._session.request(
            method, url, headers=headers, data=post_data, allow_redirects=False
        ) as answer:
            body = await answer.read()
            fields = Headers(answer.headers, body)
        if 200 <= answer.status < 300:
            return _PARSED_ELSEWHERE, answer.status, fields
        try:
            msgspec.json.decode(body, type=_Error)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ForeignAnswer(answer.status, fields) from None
        return body, answer.status, fields

    def sleep_async(self, secs: float) -> Awaitable[None]:
        """Wait between the SDK's own retries, which are off."""
        return asyncio.sleep(secs)

    async def close_async(self) -> None:
        """Close the connections; the next request opens them again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=ssl.create_default_context(cafile=stripe.ca_bundle_path),
                limit=CONNECTIONS_LIMIT,
                keepalive_timeout=KEEP_ALIVE_SECONDS,
            ),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
