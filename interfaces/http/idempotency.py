"""The command id of a request, made of principal, route and key, and its fingerprint.

The key is sent in the header `Idempotency-Key` (bare, or quoted as a structured field) or in the
body's `idempotencyKey`; where both are given they agree. The fingerprint covers the whole decoded
body, so spelling, order of members and the place of the key make no difference.
"""

import asyncio
import hmac
import re
import uuid
from typing import Annotated

import msgspec

from application.caller import Caller
from domain.kernel import ids
from interfaces.http import auth
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}").fullmatch
_BARE = re.compile(r"[\x21\x23-\x7e]{1,255}").fullmatch
# A structured-field string (RFC 8941, 3.3.3): only the quote and the backslash are escaped.
_STRING = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"').fullmatch
KeyText = Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]{1,255}$(?!\n)")]

# A command that has not begun by then is refused with 503.
COMMAND_SECONDS = 5.0
_CANONICAL = msgspec.json.Encoder(order="deterministic")
_EMPTY_BODY = b"{}"
KEY_EXPECTED = "1 to 255 visible ASCII characters are expected, bare or within a pair of quotes"
# Header of an answer to a command that was carried out before.
REPLAYED = {"idempotency-replayed": "true"}


class KeyedRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """Root of the bodies that may carry their idempotency key."""

    idempotency_key: KeyText | None = None


def required(request: StrictRequest, body: KeyedRequest | None) -> Caller:
    """Return the caller of a request that must have a key; raises VALIDATION_ERROR."""
    key = key_of(request, body)
    if key is None:
        raise invalid("Idempotency-Key", "missing")
    return _caller(request, body, _command_id(request, key))


def optional(request: StrictRequest, body: KeyedRequest | None) -> Caller:
    """Return the caller; a request without a key gets a random command id."""
    key = key_of(request, body)
    if key is None:
        return _caller(request, body, uuid.uuid4(), may_repeat=False)
    return _caller(request, body, _command_id(request, key))


def key_of(request: StrictRequest, body: KeyedRequest | None) -> str | None:
    """The key, or None where there is none; raises VALIDATION_ERROR."""
    header = request.header(b"idempotency-key")
    within = None if body is None else body.idempotency_key
    if header is None:
        return within
    key = _unquoted(header.decode("latin-1"))
    if key is None:
        raise invalid("Idempotency-Key", KEY_EXPECTED)
    if within is not None and within != key:
        raise invalid("idempotencyKey", "differs from the header Idempotency-Key")
    return key


def fingerprint(request: StrictRequest, body: KeyedRequest | None) -> bytes:
    """HMAC-SHA256 over route, path and canonical body."""
    if body is None:
        canonical = _EMPTY_BODY
    elif body.idempotency_key is None:
        canonical = _CANONICAL.encode(body)
    else:
        canonical = _CANONICAL.encode(msgspec.structs.replace(body, idempotency_key=None))
    content = b"\n".join((_route(request).encode(), request.scope["path"].encode(), canonical))
    return hmac.digest(request.ports.fingerprint_key, content, "sha256")


def _command_id(request: StrictRequest, key: str) -> uuid.UUID:
    caller = request.principal
    # A client's keys are its own: it learns nothing of what its user did with another one.
    who = caller.user if caller.client is None else f"{caller.user} {caller.client}"
    return ids.client_command_id(who, _route(request), key)


def _caller(
    request: StrictRequest,
    body: KeyedRequest | None,
    command_id: uuid.UUID,
    *,
    may_repeat: bool = True,
) -> Caller:
    return Caller(
        principal=request.principal,
        command_id=command_id,
        fingerprint=fingerprint(request, body),
        correlation_id=request.correlation_id,
        deadline=asyncio.get_running_loop().time() + COMMAND_SECONDS,
        language=request.language,
        may_repeat=may_repeat,
        address=auth.address_of(request),
    )


def _route(request: StrictRequest) -> str:
    scope = request.scope
    return f"{scope['method']} {scope['path_template']}"


def _unquoted(text: str) -> str | None:
    """Return the key of a header: a string without its quotes, or a bare text that holds none."""
    key = text.strip(" ")
    string = _STRING(key)
    if string is None:
        return key if _BARE(key) else None
    content = re.sub(r"\\(.)", r"\1", string[1])
    return content if _VISIBLE(content) else None
