"""The request class: a body is JSON of exactly the documented form, or it is refused.

Refused: another content type (415), more than 32 kB (413), a body that does not arrive in time
(408); not UTF-8, control or invisible characters, repeated or unknown members, numbers out of
bounds, wrong types (400).
The bytes go straight into the wire struct of the route, whose shape bounds depth and size.
"""

import asyncio
import functools
import json
import re
import unicodedata
from typing import Any, Protocol, TypeVar

import msgspec
from litestar import Request
from litestar.types import HTTPReceiveMessage

from application.caller import Language
from application.identity.ports import Principal
from interfaces.http import correlation
from interfaces.http.allowed_values import MARK, allowed_at
from interfaces.http.ports import HttpPorts
from interfaces.http.problems import Problem, in_plain_words, invalid, prefers_arabic

Body = TypeVar("Body")

BODY_LIMIT_BYTES = 32 * 1024
BODY_TIMEOUT_SECONDS = 10.0
CHUNK_LIMIT = 4096
LANGUAGE_LENGTH = 256

_PATH = re.compile(r"^(?P<reason>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_MEMBER = re.compile(r"(missing required|contains unknown) field `(?P<name>[^`]*)`")
REASON_LENGTH_LIMIT = 300
# Unicode categories: control and format characters, line and paragraph separators.
INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp"})
# Letters and marks that are drawn as nothing (Unicode, Default_Ignorable_Code_Point), but for the
# sixteen selectors that make an emoji of a symbol.
DRAWN_AS_NOTHING = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F),
            *(0x2065, 0x3164, 0xFFA0, *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000)),
        ),
    )
)
INVISIBLE_REASON = "control and invisible characters are not allowed"


class PortsHolder(Protocol):
    """The application with its ports."""

    @property
    def ports(self) -> HttpPorts:
        """What the routes call."""
        ...


class StrictRequest(Request[Principal, None, Any]):
    """Gives handlers the ports, the principal, the correlation id and a strict body."""

    @property
    def ports(self) -> HttpPorts:
        """The use cases and ports of the application."""
        holder: PortsHolder = self.scope["litestar_app"]  # type: ignore[assignment]
        return holder.ports

    @property
    def principal(self) -> Principal:
        """The caller; on routes declared with `auth.signed_in` only."""
        principal: Principal = self.scope["user"]
        return principal

    @property
    def correlation_id(self) -> str:
        """The id that every answer, command and log line of this request carries."""
        return correlation.correlation_of(self.scope)

    @property
    def language(self) -> Language:
        """The language that the client prefers (RFC 9110, 12.5.4): Arabic or English."""
        accepted = self.header(b"accept-language") or b""
        return "ar" if prefers_arabic(accepted[:LANGUAGE_LENGTH]) else "en"

    def header(self, name: bytes) -> bytes | None:
        """A header by its lower-case name."""
        return correlation.exchange_of(self.scope).headers.get(name)

    async def body(self) -> bytes:
        """The bytes of the body, at most BODY_LIMIT_BYTES unless its route takes more."""
        limit: int = self.route_handler.opt.get("body_limit_bytes", BODY_LIMIT_BYTES)
        return await self.raw(limit_bytes=limit)

    async def raw(self, *, limit_bytes: int) -> bytes:
        """The bytes of the body as they came; raises Problem when larger or late."""
        if isinstance(self._body, bytes):
            return self._body
        declared = self.header(b"content-length")
        if declared is not None and (not declared.isdigit() or int(declared[:12]) > limit_bytes):
            raise _too_large(limit_bytes)
        try:
            async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                content = await self._received(limit_bytes)
        except TimeoutError:
            raise Problem("REQUEST_TIMEOUT") from None
        self._body = self._connection_state.body = content
        return content

    async def json(self) -> Any:
        """The body as the type of the handler's `data`; raises Problem."""
        if self._json is None or isinstance(self._json, msgspec.Struct):
            return self._json
        self._require_json()
        annotation = self.route_handler.parsed_data_field
        assert annotation is not None
        self._json = decoded(await self.body(), annotation.annotation)
        return self._json

    async def optional_json(self, wire_type: type[Body]) -> Body | None:
        """The body as this type, or None when there is none; raises Problem."""
        content = await self.body()
        if not content:
            return None
        self._require_json()
        body: Body = decoded(content, wire_type)
        return body

    def _require_json(self) -> None:
        content_type = self.header(b"content-type")
        if content_type != b"application/json" and not _is_json(content_type or b""):
            raise invalid("", "the content type must be application/json", status=415)
        if self.header(b"content-encoding") not in (None, b"identity"):
            raise invalid("", "compressed bodies are not taken", status=415)

    async def _received(self, limit_bytes: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for _ in range(CHUNK_LIMIT):
            event: HTTPReceiveMessage = await self.receive()  # type: ignore[assignment]
            if event["type"] != "http.request":
                raise Problem("REQUEST_TIMEOUT")
            chunk = event["body"]
            size += len(chunk)
            if size > limit_bytes:
                raise _too_large(limit_bytes)
            if not event.get("more_body", False):
                return b"".join([*chunks, chunk]) if chunks else chunk
            chunks.append(chunk)
        raise _too_large(limit_bytes)


def decoded(content: bytes, wire_type: Any) -> Any:
    """The content as the wire type; raises a VALIDATION_ERROR that names field and reason."""
    try:
        if not _is_plain(content):
            _require_visible_text(_PAIRS.decode(content.decode()))
        value = _decoder(wire_type).decode(content)
        _PAIRS.decode(content.decode())
    except msgspec.ValidationError as error:
        raise explained(error, wire_type) from None
    except UnicodeDecodeError:
        raise invalid("", "not UTF-8") from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise invalid("", "not JSON") from None
    return value


def _is_plain(content: bytes) -> bool:
    """Whether no text of the body can hold a control or invisible character: mostly so."""
    return content.isascii() and b"\\" not in content and b"\x7f" not in content


def is_visible(symbol: str) -> bool:
    """Whether a character is drawn, or is a space."""
    return unicodedata.category(symbol) not in INVISIBLE and symbol not in DRAWN_AS_NOTHING


def _require_visible_text(tree: Any) -> None:
    """Require that no name and no value holds a control, zero-width or direction character: such a
    text would forge a line of a letter or a log, or look like another one.
    """
    pending: list[tuple[str, Any]] = [("", tree)]
    while pending:
        path, node = pending.pop()
        if isinstance(node, str):
            if not all(map(is_visible, node)):
                raise invalid(path[:REASON_LENGTH_LIMIT], INVISIBLE_REASON)
        elif isinstance(node, dict):
            pending += [("", name) for name in node]
            prefix = f"{path}." if path else ""
            pending += [(f"{prefix}{name}", value) for name, value in node.items()]
        elif isinstance(node, list):
            pending += [(f"{path}[{index}]", value) for index, value in enumerate(node)]


def explained(error: msgspec.ValidationError, wire_type: Any = None) -> Problem:
    """Field (a path such as `passengers[0].firstName`) and reason of a refused value, and the
    values that are allowed where they are few.
    """
    match = _PATH.match(str(error))
    assert match is not None
    reason, path = match["reason"], (match["path"] or "$").removeprefix("$").removeprefix(".")
    member = _MEMBER.search(reason)
    if member is not None:
        path = f"{path}.{member['name']}" if path else member["name"]
        reason = "missing" if member[1] == "missing required" else "unknown"
    problem = invalid(path[:REASON_LENGTH_LIMIT], in_plain_words(reason)[:REASON_LENGTH_LIMIT])
    if reason.startswith(MARK) and (allowed := allowed_at(wire_type, path)):
        problem.details = {**problem.details, "allowed": allowed}
    return problem


@functools.lru_cache(512)
def _decoder(wire_type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(wire_type)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise invalid(repeated[:REASON_LENGTH_LIMIT], "given more than once")
    return members


_PAIRS = json.JSONDecoder(object_pairs_hook=_unrepeated)


@functools.lru_cache(256)
def _is_json(content_type: bytes) -> bool:
    """`application/json`, with `charset=utf-8` at most."""
    media_type, *parameters = content_type.decode("latin-1").lower().split(";")
    if media_type.strip() != "application/json":
        return False
    allowed = {"charset=utf-8", 'charset="utf-8"', ""}
    return all(parameter.strip() in allowed for parameter in parameters)


def _too_large(limit_bytes: int) -> Problem:
    return invalid("", f"larger than {limit_bytes} bytes", status=413)
