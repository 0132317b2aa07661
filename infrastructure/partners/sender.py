"""Sends a delivery once, by aiohttp: bounded in time and size, never redirected, address checked.

No proxy, cookie or kept connection: each delivery resolves the name, checks the addresses, connects
to one of them, and checks the certificate for the name.
"""

import datetime as dt
import email.utils
import re
import ssl
from collections.abc import Mapping

import aiohttp

from application.partners.ports import DeliveryFailed
from application.partners.subscription import SUBSCRIPTION_LIMIT
from application.ports import Clock
from domain.partners import addresses
from domain.partners.rejections import UrlRefused
from infrastructure.partners.guarded_resolver import (
    AddressRefused,
    GuardedResolver,
    Lookup,
    look_up,
)

SEND_SECONDS = 10.0
# Of the answer only the status and `Retry-After` are read; larger headers fail the delivery.
ANSWER_LINE_BYTES = 8 * 1024
USER_AGENT = "ais-deliveries/1"
GONE = 410
_SECONDS = re.compile("[0-9]+")
_DIGITS = 9


class HttpDeliverySender:
    """`application.partners.ports.DeliverySender`. Make it in the event loop, and close it."""

    def __init__(
        self,
        *,
        loopback: bool,
        clock: Clock,
        seconds: float = SEND_SECONDS,
        lookup: Lookup = look_up,
        certificates: ssl.SSLContext | None = None,
    ) -> None:
        self._loopback = loopback
        self._clock = clock
        resolver = GuardedResolver(loopback=loopback, at_once=SUBSCRIPTION_LIMIT, lookup=lookup)
        self._resolver = resolver
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=resolver,
                use_dns_cache=False,
                force_close=True,
                limit=0,  # a subscription has one delivery under way
                ssl=certificates or True,
            ),
            timeout=aiohttp.ClientTimeout(total=seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=ANSWER_LINE_BYTES,
            max_field_size=ANSWER_LINE_BYTES,
            auto_decompress=False,
            trust_env=False,
        )

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """See DeliverySender."""
        try:
            # aiohttp asks no resolver about an address that is written as one.
            addresses.require_deliverable(url, loopback=self._loopback)
            async with self._session.post(
                url,
                data=body,
                headers={
                    **headers,
                    "content-type": "application/json",
                    "user-agent": USER_AGENT,
                },
                allow_redirects=False,
            ) as response:
                status, retry_after = response.status, response.headers.get("retry-after")
                response.close()
        except UrlRefused as refused:
            raise DeliveryFailed(f"address refused: {refused.parameters['reason']}") from None
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise DeliveryFailed(_reason(error)) from None
        if not 200 <= status < 300:
            asked = asked_pause(retry_after, now=self._clock())
            raise DeliveryFailed(f"status {status}", asked=asked, is_gone=status == GONE)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
        await self._resolver.close()


def asked_pause(retry_after: str | None, *, now: dt.datetime) -> dt.timedelta | None:
    """Return how long a `Retry-After` (RFC 9110, 10.2.3) asks to wait; None for any other text."""
    text = (retry_after or "").strip()
    if _SECONDS.fullmatch(text):
        return dt.timedelta(seconds=int(text[:_DIGITS]))
    try:
        # A date of the obsolete forms without a zone is one of UTC as well.
        until = email.utils.parsedate_to_datetime(text)
        return max(dt.timedelta(0), until.replace(tzinfo=until.tzinfo or dt.UTC) - now)
    except (ValueError, OverflowError):
        return None


def _reason(error: Exception) -> str:
    """Return what went wrong without naming an address."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AddressRefused):
            return "address refused: private_address"
        cause = cause.__cause__ or cause.__context__
    match error:
        case TimeoutError():
            return "timed out"
        case aiohttp.ClientConnectorDNSError():
            return "name not found"
        case aiohttp.ClientSSLError():
            return "certificate refused"
        case aiohttp.ClientConnectorError():
            return "not connected"
        case _:
            return "connection lost"
