"""The correlation id of a request, and the headers that every answer carries.

This is the middleware around the framework: it reads the headers once, refuses oversize ones, and
adds to the answer's headers.
"""

import re
import secrets
from collections.abc import Sequence

import msgspec
from litestar.types import Message, Scope, Send

from application.read_positions import Reading
from interfaces.http.security_headers import Header, completed

HEADERS_LIMIT_BYTES = 16 * 1024
# The log keeps the id for ever and unsealed, so a client must not be able to write a name into it:
# a UUID (RFC 9562), a trace id (W3C Trace Context, 32 hexadecimal digits) or an id of our own.
_IS_ID = re.compile(
    rb"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{32}|[0-9a-f]{22}"
).fullmatch
# Digits alone may be a number of a card (13 to 19 digits, ISO/IEC 7812-1), or two of them.
_IS_NUMBER = re.compile(rb"[0-9-]+").fullmatch
OWN_ID_BYTES = 11
EXCHANGE = "ais.exchange"

# Sent twice, our server and a proxy in front could understand these differently.
SINGLE_HEADERS = frozenset(
    {
        b"authorization",
        b"content-type",
        b"content-length",
        b"host",
        b"idempotency-key",
        b"stripe-signature",
        b"transfer-encoding",
        b"x-correlation-id",
        b"x-csrf-token",
    }
)


class Exchange(msgspec.Struct, gc=False):
    """What is known of a request before it is routed: its headers and its correlation id."""

    headers: dict[bytes, bytes]
    correlation_id: str
    # Whether the head of the answer was sent, and with which status.
    has_begun: bool = False
    status: int = 0
    # Limit, what remains of it, and the seconds until it is whole again.
    window: tuple[int, int, float] | None = None
    # HEAD: headers are wanted, and no content.
    is_head: bool = False
    reading: Reading = msgspec.field(default_factory=Reading)

    def counted(self, limit: int, remaining: int, closes_in_seconds: float) -> None:
        """Note the window that has least left, of those that count the request."""
        if self.window is None or remaining < self.window[1]:
            self.window = (limit, remaining, closes_in_seconds)

    def limit_headers(self) -> list[Header]:
        """Return the fields of draft-ietf-httpapi-ratelimit-headers-06 without its policy."""
        if self.window is None:
            return []
        limit, remaining, seconds = self.window
        return [
            (b"ratelimit-limit", b"%d" % limit),
            (b"ratelimit-remaining", b"%d" % remaining),
            (b"ratelimit-reset", b"%d" % -int(-seconds // 1)),
        ]


def opened(scope: Scope) -> Exchange:
    """Read the headers once and remember them in the scope."""
    headers = dict(scope["headers"])
    exchange = Exchange(headers, chosen(headers.get(b"x-correlation-id")))
    scope[EXCHANGE] = exchange  # type: ignore[literal-required]  # a scope takes extra keys
    return exchange


def exchange_of(scope: Scope) -> Exchange:
    """What `opened` remembered."""
    exchange: Exchange = scope[EXCHANGE]  # type: ignore[literal-required]  # see above
    return exchange


def correlation_of(scope: Scope) -> str:
    """The correlation id of the request with this scope."""
    return exchange_of(scope).correlation_id


def chosen(offered: bytes | None) -> str:
    """Return the client's id if it has the form of one and not of a number, else a fresh one of 22
    digits.
    """
    if offered is not None and _IS_ID(offered) and not _IS_NUMBER(offered):
        return offered.decode("ascii")
    return secrets.token_hex(OWN_ID_BYTES)


def headers_too_large(scope: Scope) -> bool:
    """Whether the address, names and values together exceed the limit."""
    size = len(scope["path"]) + len(scope["query_string"])
    for name, value in scope["headers"]:
        size += len(name) + len(value)
    return size > HEADERS_LIMIT_BYTES


def repeated_header(scope: Scope, exchange: Exchange) -> str | None:
    """Return a header that may be sent only once and was sent several times."""
    raw = scope["headers"]
    if len(exchange.headers) == len(raw):  # type: ignore[arg-type]  # servers send a list
        return None
    seen: set[bytes] = set()
    for name, _ in raw:
        if name in seen and name in SINGLE_HEADERS:
            return name.decode("latin-1")
        seen.add(name)
    return None


def tagging(send: Send, exchange: Exchange, extra: Sequence[Header]) -> Send:
    """A send that adds the correlation id and these headers."""
    added = [(b"x-correlation-id", exchange.correlation_id.encode("ascii")), *extra]

    async def tagged(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.has_begun = True
            exchange.status = message["status"]
            found = [*added, *exchange.limit_headers()]
            message["headers"] = completed(message["headers"], found)
        await send(message)

    return tagged
