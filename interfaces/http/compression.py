"""Answers in the encoding that a client accepts (RFC 9110, 8.4 and 12.5.3): zstd, br or gzip.

Compressed are answers to reads and the search, from a size at which it pays. Not compressed is what
mixes a secret with what an attacker can choose, because the length would betray the secret piece by
piece (BREACH): answers to changes, whatever sets cookies, everything below `/api/auth/`, addresses
at which one pays, codes of gift cards, and requests that another site makes with a user's cookies.
A path that is not named here is not compressed. An event stream never is: it would be held back.
"""

import functools
import zlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

import brotli
import zstandard
from litestar.types import HTTPResponseStartEvent, HTTPScope, Message, Send

from interfaces.http.correlation import Exchange

# Below it the header costs about as much as is saved, and either is one packet.
THRESHOLD_BYTES = 1_024
# The cheapest first, by `ais bench compression`: what we choose where a client does not.
LEVELS = {"zstd": 3, "br": 4, "gzip": 6}
MEDIA_TYPES = frozenset(
    {
        b"application/json",
        b"application/vnd.oai.openapi+json",
        b"text/html",
        b"text/css",
        b"text/csv",
        b"text/javascript",
        b"text/plain",
        b"application/xml",
    }
)
SEARCH = "/api/flights/search"
_PATHS = ("/api/", "/docs", "/schema/", "/.well-known/", "/paid/", "/unpaid/")
# The same bytes for everybody, so they are compressed once.
_UNCHANGING = ("/docs", "/schema/")
SECRET_PATHS = (
    *("/api/auth/", "/api/gift-cards"),
    # The address of a partner's server may have a password of its own.
    *("/api/admin/subscriptions", "/api/admin/parked-subscriptions"),
)
SECRET_ENDINGS = ("checkout",)
_ACCEPTED_LENGTH = 256
VARY = (b"vary", b"Accept-Encoding")


class Compressor(Protocol):
    """Takes the pieces of a body."""

    def feed(self, piece: bytes) -> bytes:
        """Return what is finished of the compressed body, perhaps nothing."""
        ...

    def finish(self) -> bytes:
        """Return the rest."""
        ...


class _Zstd:
    def __init__(self) -> None:
        stream = zstandard.ZstdCompressor(level=LEVELS["zstd"]).compressobj()
        self.feed, self.finish = stream.compress, stream.flush


class _Brotli:
    def __init__(self) -> None:
        stream = brotli.Compressor(quality=LEVELS["br"])
        self.feed, self.finish = stream.process, stream.finish


class _Gzip:
    def __init__(self) -> None:
        # With the header of gzip (RFC 1952) instead of that of zlib.
        stream = zlib.compressobj(LEVELS["gzip"], wbits=16 + zlib.MAX_WBITS)
        self.feed, self.finish = stream.compress, stream.flush


# Six times as cheap as a fresh one; only the thread of the event loop may use it.
_WHOLE_ZSTD = zstandard.ZstdCompressor(level=LEVELS["zstd"])
COMPRESSORS: dict[str, Callable[[], Compressor]] = {"zstd": _Zstd, "br": _Brotli, "gzip": _Gzip}


def compressed(encoding: str, body: bytes) -> bytes:
    """Return the body in this encoding."""
    if encoding == "zstd":
        return _WHOLE_ZSTD.compress(body)
    stream = COMPRESSORS[encoding]()
    return stream.feed(body) + stream.finish()


_remembered = functools.lru_cache(32)(compressed)


class Choice(NamedTuple):
    """The encoding that a client prefers, and whether it also takes the body as it is."""

    encoding: str | None
    takes_plain: bool


@functools.lru_cache(512)
def chosen(accepted: bytes) -> Choice:
    """Read an `Accept-Encoding`; a weight that is none excludes its encoding."""
    weights: dict[str, float] = {}
    for part in accepted.decode("latin-1").lower().split(","):
        name, _, parameter = part.partition(";")
        weights[name.strip().removeprefix("x-")] = _weight(parameter.strip())
    others = weights.get("*")
    offered = {name: weights.get(name, others or 0.0) for name in COMPRESSORS}
    best = max(offered, key=lambda name: offered[name])
    plain = weights.get("identity", 1.0 if others is None else others)
    if offered[best] <= 0 or weights.get("identity", 0.0) > offered[best]:
        return Choice(None, plain > 0)
    return Choice(best, plain > 0)


def _weight(parameter: str) -> float:
    if not parameter:
        return 1.0
    name, _, value = parameter.partition("=")
    try:
        weight = float(value) if name.strip() == "q" and value[:1] in ("0", "1") else 0.0
    except ValueError:
        return 0.0
    return weight if weight <= 1 else 0.0


def may_be_compressed(scope: HTTPScope, exchange: Exchange) -> bool:
    """Whether the length of this answer betrays nothing, by its route and by who asks."""
    path = scope["path"]
    if scope["method"] != "GET" and path != SEARCH:
        return False
    if not path.startswith(_PATHS):
        return False
    if path.startswith(SECRET_PATHS) or path.endswith(SECRET_ENDINGS):
        return False
    # Browsers say so of each request; what a user types or clicks in our pages is not an attack.
    is_ambient = b"cookie" in exchange.headers
    return not is_ambient or exchange.headers.get(b"sec-fetch-site") in (b"same-origin", b"none")


def compressing(send: Send, scope: HTTPScope, exchange: Exchange) -> Send:
    """A send that compresses the answer where that is safe and pays."""
    if not may_be_compressed(scope, exchange):
        return send
    accepted = exchange.headers.get(b"accept-encoding", b"identity")[:_ACCEPTED_LENGTH]
    return _Answer(send, chosen(accepted), scope["path"].startswith(_UNCHANGING))


class _Answer:
    """One answer: its head waits for the first piece of the body."""

    def __init__(self, send: Send, choice: Choice, unchanging: bool) -> None:
        self._send = send
        self._encoding, self._takes_plain = choice
        self._unchanging = unchanging
        self._head: HTTPResponseStartEvent | None = None
        self._stream: Compressor | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._head is not None:
            body = await self._first(self._head, body, more)
        elif self._stream is not None:
            body = self._stream.feed(body) + (b"" if more else self._stream.finish())
        if body or not more:
            await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _begin(self, head: HTTPResponseStartEvent) -> None:
        headers = dict(head["headers"])
        kind = headers.get(b"content-type", b"").partition(b";")[0]
        is_fixed = b"set-cookie" in headers or b"content-encoding" in headers
        if head["status"] == 304:
            head["headers"] = [*head["headers"], VARY]
        elif head["status"] == 200 and kind in MEDIA_TYPES and not is_fixed:
            head["headers"] = [*head["headers"], VARY]
            if self._encoding is not None:
                self._head = head
                return
        await self._send(head)

    async def _first(self, head: HTTPResponseStartEvent, body: bytes, more: bool) -> bytes:
        """Send the head, and return what is to be sent of the body."""
        self._head = None
        encoding = self._encoding
        assert encoding is not None
        if not more and len(body) < THRESHOLD_BYTES and self._takes_plain:
            await self._send(head)
            return body
        others = [each for each in head["headers"] if each[0] != b"content-length"]
        if more:
            self._stream = COMPRESSORS[encoding]()
            sent = self._stream.feed(body)
            head["headers"] = [*others, (b"content-encoding", encoding.encode())]
        else:
            sent = (_remembered if self._unchanging else compressed)(encoding, body)
            length = (b"content-length", b"%d" % len(sent))
            head["headers"] = [*others, (b"content-encoding", encoding.encode()), length]
        await self._send(head)
        return sent
