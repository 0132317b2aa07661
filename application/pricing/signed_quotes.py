"""Quotes that are not stored: the id contains the quote and our MAC.

What a client sends in any other way is never looked at, and the content of one kind of quote is
never accepted for another.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from typing import ClassVar, TypeVar

import msgspec

from domain.kernel.rejections import Rejection

MAC_LENGTH_BYTES = 16
# How long the terms of a quote are valid: of a journey, a cancellation, a modification.
QUOTE_LIFETIME = dt.timedelta(minutes=15)
Content = TypeVar("Content", bound=msgspec.Struct)


class QuoteExpired(Rejection):
    """The quote has expired, or what it was about has changed."""

    code: ClassVar[str] = "QUOTE_EXPIRED"


class QuoteRefused(Rejection):
    """The quote is not ours, or is for another flight, booking or party."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    reason: ClassVar[str | None] = "not_valid"


_encode = msgspec.json.Encoder(order="deterministic").encode


class QuoteSigner:
    """Makes and reads quotes under one secret key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, content: msgspec.Struct) -> str:
        """The quote id; the struct's class is its kind."""
        text = _encode(content)
        signed = text + self._mac(type(content), text)
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()

    def accept(self, quote_id: str, kind: type[Content]) -> Content:
        """The content of a quote of this kind; rejects QuoteRefused."""
        try:
            signed = base64.urlsafe_b64decode(quote_id + "=" * (-len(quote_id) % 4))
        except (binascii.Error, ValueError):
            raise QuoteRefused(field="quoteId") from None
        text, mac = signed[:-MAC_LENGTH_BYTES], signed[-MAC_LENGTH_BYTES:]
        if not hmac.compare_digest(mac, self._mac(kind, text)):
            raise QuoteRefused(field="quoteId")
        return msgspec.json.decode(text, type=kind)

    def _mac(self, kind: type, text: bytes) -> bytes:
        label = kind.__name__.encode()
        return hmac.digest(self._key, label + b"\n" + text, hashlib.sha256)[:MAC_LENGTH_BYTES]
