"""Verifies that a webhook request is from Stripe: from raw bytes to an event, or NotGenuine.

`verify` raises nothing else. The SDK's own check accepts timestamps from the future and
objects without an id, and raises other exceptions for bytes that are not UTF-8 or not an object.
"""

import datetime as dt
import hmac
import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from application.payment import gateway, stripe_event_types
from infrastructure.stripe.version import API_VERSION

BODY_LIMIT_BYTES = 256 * 1024
HEADER_LIMIT = 4096
SIGNATURES_LIMIT = 16

_Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]{1,255}\Z")]
# Ids that Stripe made; merchants choose those of coupons and plans, which we never fetch.
_STRIPE_MADE = re.compile(r"[A-Za-z0-9_]{1,255}")
_Word = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.\-\[\]]{1,120}\Z")]
_Second = Annotated[int, msgspec.Meta(ge=0, lt=2**35)]


class _Kind(msgspec.Struct, frozen=True):
    """The kind of envelope: Stripe has two."""

    object: Literal["event", "v2.core.event"]


class _Content(msgspec.Struct, frozen=True):
    """The object of a snapshot event, not decoded."""

    object: msgspec.Raw


class _Snapshot(msgspec.Struct, frozen=True):
    """A v1 event: it contains the object as it was."""

    id: _Id
    type: _Word
    api_version: _Word | None
    created: _Second
    livemode: bool
    data: _Content
    account: _Id | None = None


class _Thin(msgspec.Struct, frozen=True):
    """A v2 event: it only names the object."""

    id: _Id
    type: _Word
    created: dt.datetime
    livemode: bool = False
    context: str | None = None


class _Object(msgspec.Struct, frozen=True):
    """The fields of any object that we read; a balance has no id."""

    object: _Word
    id: str | None = None
    metadata: dict[str, str] | None = None

    def stripe_made_id(self) -> str | None:
        """Return the id if Stripe made it."""
        return self.id if self.id and _STRIPE_MADE.fullmatch(self.id) else None

    def own(self, name: str) -> str | None:
        """Return a text of the metadata."""
        return (self.metadata or {}).get(name)


def verify(
    body: bytes,
    signature: str | None,
    secrets: Sequence[str],
    now: dt.datetime,
    *,
    livemode: bool,
    account: str | None = None,
    tolerance_seconds: int = 300,
    future_leeway_seconds: int = 60,
) -> gateway.VerifiedEvent:
    """Return the event, if one of the secrets signed exactly these bytes within the tolerance.

    `livemode` and `account` are our own: an event of the other mode or of another account is not
    genuine. Raises NotGenuine with reason oversize, missing_signature, malformed_signature,
    no_v1_signature, too_old, from_the_future, signature_mismatch, not_utf8, not_an_event,
    livemode or account; never anything else.
    """
    assert secrets
    assert all(secrets)
    if len(body) > BODY_LIMIT_BYTES:
        raise gateway.NotGenuine("oversize")
    timestamp, signatures = _signature_parts(signature)
    age = now.timestamp() - int(timestamp)
    if age > tolerance_seconds:
        raise gateway.NotGenuine("too_old")
    if age < -future_leeway_seconds:
        raise gateway.NotGenuine("from_the_future")
    _check_signature(body, timestamp, signatures, secrets)
    event = decode(body)
    if event.livemode is not livemode:
        raise gateway.NotGenuine("livemode")
    if event.account is not None and event.account != account:
        raise gateway.NotGenuine("account")
    return event


def _signature_parts(header: str | None) -> tuple[str, list[bytes]]:
    """Return the timestamp as it was signed and every v1 signature."""
    if not header:
        raise gateway.NotGenuine("missing_signature")
    if len(header) > HEADER_LIMIT or not header.isascii():
        raise gateway.NotGenuine("malformed_signature")
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    signatures = [value.encode() for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not times[0].isdigit() or len(times[0]) > 11:
        raise gateway.NotGenuine("malformed_signature")
    if not signatures:
        raise gateway.NotGenuine("no_v1_signature")
    return times[0], signatures[:SIGNATURES_LIMIT]


def _check_signature(
    body: bytes, timestamp: str, signatures: Sequence[bytes], secrets: Sequence[str]
) -> None:
    """Compare every pair in constant time, so that timing reveals nothing."""
    signed = timestamp.encode() + b"." + body
    matches = 0
    for secret in secrets:
        expected = hmac.new(secret.encode(), signed, "sha256").hexdigest().encode()
        for given in signatures:
            matches += hmac.compare_digest(expected, given)
    if not matches:
        raise gateway.NotGenuine("signature_mismatch")


def decode(body: bytes) -> gateway.VerifiedEvent:
    """Return the event, whoever signed it or none; raises NotGenuine, not_utf8 or not_an_event."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise gateway.NotGenuine("not_utf8") from None
    try:
        kind = msgspec.json.decode(body, type=_Kind)
        return _thin(body) if kind.object == "v2.core.event" else _snapshot(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise gateway.NotGenuine("not_an_event") from None


def _snapshot(body: bytes) -> gateway.VerifiedEvent:
    event = msgspec.json.decode(body, type=_Snapshot)
    about = msgspec.json.decode(event.data.object, type=_Object)
    return gateway.VerifiedEvent(
        id=event.id,
        type=event.type,
        api_version=event.api_version,
        created=dt.datetime.fromtimestamp(event.created, dt.UTC),
        livemode=event.livemode,
        account=event.account,
        supported=event.type in stripe_event_types.SUPPORTED,
        expected_version=event.api_version == API_VERSION,
        content=bytes(event.data.object),
        object_id=about.stripe_made_id(),
        object_kind=about.object,
        booking=about.own("booking"),
        payment=about.own("payment"),
        attempt=about.own("attempt"),
    )


def _thin(body: bytes) -> gateway.VerifiedEvent:
    event = msgspec.json.decode(body, type=_Thin)
    return gateway.VerifiedEvent(
        id=event.id,
        type=event.type,
        api_version=None,
        created=event.created,
        livemode=event.livemode,
        account=event.context,
        supported=False,
        expected_version=False,
        content=b"",
        object_id=None,
        object_kind=None,
        booking=None,
        payment=None,
        attempt=None,
    )
