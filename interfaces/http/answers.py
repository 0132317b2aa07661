"""Answers as JSON: one encoder, one list of headers, two messages.

The framework's own response builds a header collection and determines what is known already;
this one costs a third. Cookies, files and other media types use the framework's.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec
from litestar import Litestar, Request, Response
from litestar.background_tasks import BackgroundTask, BackgroundTasks
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.response.base import ASGIResponse
from litestar.types import Message, Receive, Scope, Send

from interfaces.http import correlation, wire
from interfaces.http.security_headers import Header

Content = TypeVar("Content")

_ENCODER = msgspec.json.Encoder()
_JSON_HEADER = (b"content-type", b"application/json")
TAG_BYTES = 16
NO_BODY_STATUSES = frozenset({204, 304})


class Sparse(dict[str, Any]):
    """An answer of which the client asked for some members."""


def with_head(allowed: str) -> str:
    """Return the value of `Allow`, with HEAD wherever GET is allowed."""
    methods = {each.strip() for each in allowed.split(",")}
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def without_content(send: Send) -> Send:
    """A send that keeps status and headers and drops the content, as HEAD is answered."""

    async def emptied(message: Message) -> None:
        if message["type"] == "http.response.body":
            message["body"] = b""
        await send(message)

    return emptied


def allowing(
    send: Send, methods: Callable[[], str | None], preflight: Callable[[bytes], list[Header]]
) -> Send:
    """A send for OPTIONS: it replaces the value of `Allow`, which the framework fills from one of
    several handlers of the path, and adds what `preflight` makes of it."""

    async def replacing(message: Message) -> None:
        if message["type"] == "http.response.start":
            allowed = methods()
            if allowed and message["status"] < 300:
                others = [each for each in message["headers"] if each[0] != b"allow"]
                content = allowed.encode()
                message["headers"] = [*others, (b"allow", content), *preflight(content)]
        await send(message)

    return replacing


def entity_tag(content: msgspec.Struct | Sparse, encoded: bytes) -> str:
    """Return a weak validator (RFC 9110, 8.8.3) of an answer: the same in every encoding.

    It covers what the answer says, however that came to be: version, time, erasure. Not covered is
    how far a read model was, which changes with every event: 304 means that the rows are the same.
    """
    if isinstance(content, wire.ReadModelResponse):
        encoded = _ENCODER.encode(
            msgspec.structs.replace(content, as_of_position=0, lag_seconds=0.0)
        )
    elif isinstance(content, Sparse):
        progress = dict.fromkeys(wire.ReadModelResponse.__struct_encode_fields__)
        encoded = _ENCODER.encode({**content, **progress})
    return f'W/"{hashlib.blake2b(encoded, digest_size=TAG_BYTES).hexdigest()}"'


def is_known(if_none_match: bytes, tag: str) -> bool:
    """Whether a client has this answer already (RFC 9110, 13.1.2: compared weakly)."""
    known = (each.strip().removeprefix(b"W/") for each in if_none_match.split(b","))
    return if_none_match.strip() == b"*" or tag.removeprefix("W/").encode() in known


class JsonAnswer(ASGIResponse):
    """An answer whose bytes and headers are ready."""

    __slots__ = ("_content", "_raw_headers", "_status")

    def __init__(self, status: int, content: bytes, headers: dict[str, Any]) -> None:
        self._status = status
        self._content = content
        raw = [_JSON_HEADER, (b"content-length", b"%d" % len(content))] if status != 304 else []
        raw.extend(
            (name.encode("latin-1"), str(value).encode("latin-1"))
            for name, value in headers.items()
        )
        self._raw_headers = raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the two messages."""
        await send(
            {"type": "http.response.start", "status": self._status, "headers": self._raw_headers}
        )
        await send({"type": "http.response.body", "body": self._content, "more_body": False})


class Answered(Response[Content]):
    """The response class of the application; return one to set a status or headers."""

    def to_asgi_response(
        self,
        app: Litestar | None,
        request: Request[Any, Any, Any],
        *,
        background: BackgroundTask | BackgroundTasks | None = None,
        cookies: Iterable[Cookie] | None = None,
        encoded_headers: Iterable[tuple[bytes, bytes]] | None = None,
        headers: dict[str, str] | None = None,
        is_head_response: bool = False,
        media_type: MediaType | str | None = None,
        status_code: int | None = None,
        type_encoders: Any = None,
    ) -> ASGIResponse:
        """JSON the short way, everything else the framework's."""
        status = self.status_code or status_code or 200
        plain = (
            isinstance(self.content, msgspec.Struct | dict | list)
            and status not in NO_BODY_STATUSES
            and not self.cookies
            and not cookies
            and self.background is None
            and background is None
        )
        if plain:
            merged = {**headers, **self.headers} if headers else self.headers
            encoded = _ENCODER.encode(self.content)
            if status != 200 or request.scope["method"] != "GET":
                return JsonAnswer(status, encoded, merged)
            return _tagged(request, self.content, encoded, merged)
        return super().to_asgi_response(
            app,
            request,
            background=background,
            cookies=cookies,
            encoded_headers=encoded_headers,
            headers=headers,
            is_head_response=is_head_response,
            media_type=media_type,
            status_code=status_code,
            type_encoders=type_encoders,
        )


def _tagged(
    request: Request[Any, Any, Any], content: Any, encoded: bytes, headers: dict[str, Any]
) -> ASGIResponse:
    """Return the answer to a GET with its tag, or 304 where the client has it."""
    if not isinstance(content, msgspec.Struct | Sparse):
        return JsonAnswer(200, encoded, headers)
    tag = entity_tag(content, encoded)
    sent = correlation.exchange_of(request.scope).headers.get(b"if-none-match")
    if sent is not None and is_known(sent, tag):
        return JsonAnswer(304, b"", {**headers, "etag": tag})
    return JsonAnswer(200, encoded, {**headers, "etag": tag})
