"""Hands text messages to a provider's gateway: one POST of JSON with a bearer token, over TLS.

What a gateway has to do: take `{"id", "from", "to", "text"}`, answer 2xx once it has the message,
and take an id once, as `Idempotency-Key` says; it may answer 409 to an id that it has. A gateway of
another form needs an adapter of its own.
"""

import ssl

import aiohttp

from application import ports
from application.text_messages import TextMessage, TextRefused

TIMEOUT_SECONDS = 8.0
USER_AGENT = "ais-text-messages/1"
TAKEN_ALREADY = 409
# What ends without another message: a wrong token or address, too many requests, a busy gateway.
FOR_OPERATOR = frozenset({401, 402, 403, 404, 405, 407, 410})
LATER = frozenset({408, 425, 429})


class HttpTextGateway:
    """`application.text_messages.TextMessenger`; a connection of its own for each message."""

    def __init__(
        self,
        url: str,
        *,
        token: str,
        sender: str,
        tls: ssl.SSLContext | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._url = url
        self._token = token
        self._sender = sender
        self._tls = tls
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    async def send(self, message: TextMessage) -> None:
        """Hand the message over. After a timeout it may have it: the next try has the same id."""
        try:
            status = await self._posted(message)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            # The cause could name the address with what an operator put into it.
            raise ports.Unavailable(f"text gateway: {type(error).__name__}") from None
        if 200 <= status < 300 or status == TAKEN_ALREADY:
            return
        if 400 <= status < 500 and status not in FOR_OPERATOR | LATER:
            raise TextRefused(status)
        raise ports.Unavailable(f"text gateway: status {status}")

    async def _posted(self, message: TextMessage) -> int:
        body = {
            "id": message.id,
            "from": self._sender,
            "to": message.to,
            "text": message.text,
        }
        headers = {
            "authorization": f"Bearer {self._token}",
            "idempotency-key": message.id,
            "user-agent": USER_AGENT,
        }
        async with (
            aiohttp.ClientSession(
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            ) as session,
            session.post(
                self._url,
                json=body,
                headers=headers,
                allow_redirects=False,
                ssl=self._tls or True,
            ) as response,
        ):
            status = response.status
            response.close()
            return status
