"""The correlation id of a request, and the headers that every answer carries.

This is the middleware around the framework: it reads the headers once, refuses oversize ones, and
adds to the answer's headers.
"""

import re
import secrets
from typing import Any

import msgspec
from litestar.types import Message, Scope, Send

HEADERS_LIMIT_BYTES = 16 * 1024
_SOUND = re.compile(rb"[A-Za-z0-9._-]{1,64}").fullmatch
EXCHANGE = "ais.exchange"

# Answers are data for programs: nothing may frame, sniff, cache or execute them.
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
)
_OVERRIDABLE = frozenset({b"cache-control", b"content-security-policy"})

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
    }
)


class Exchange(msgspec.Struct, gc=False):
    """What is known of a request before it is routed: its headers and its correlation id."""

    headers: dict[bytes, bytes]
    correlation_id: str


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
    """The client's id if it is sound, else a fresh one of 22 symbols."""
    if offered is not None and _SOUND(offered):
        return offered.decode("ascii")
    return secrets.token_urlsafe(16)


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


def tagging(send: Send, correlation_id: str) -> Send:
    """A send that adds the correlation id and the security headers."""
    extra: list[tuple[bytes, bytes]] = [
        (b"x-correlation-id", correlation_id.encode("ascii")),
        *SECURITY_HEADERS,
    ]

    async def tagged(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: list[Any] = list(message["headers"])
            own = {name for name, _ in headers} & _OVERRIDABLE if len(headers) > 2 else ()
            headers.extend(extra if not own else [each for each in extra if each[0] not in own])
            message["headers"] = headers
        await send(message)

    return tagged
