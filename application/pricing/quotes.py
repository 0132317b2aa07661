"""Quotes: a price with an end, signed by us, so that nobody has to store or believe it.

The quote id *is* the quote: its content and a MAC. A price that a client sends in any other way
is never looked at.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from typing import ClassVar

import msgspec

from domain.inventory import rejections as flight_rejections
from domain.inventory import rules as flight_rules
from domain.inventory.state import Flight
from domain.kernel.rejections import Rejection
from domain.pricing import rules
from domain.pricing.price import PassengerType, Price

QUOTE_LIFETIME = dt.timedelta(minutes=15)
MAC_LENGTH_BYTES = 16


class QuoteExpired(Rejection):
    """The price held until a moment that is past."""

    code: ClassVar[str] = "QUOTE_EXPIRED"


class QuoteRefused(Rejection):
    """Not a quote of ours, or for another flight or party."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class Quote(msgspec.Struct, frozen=True):
    """A price for a flight, cabin and party, valid until an instant (exclusive)."""

    flight: str
    cabin: str
    passengers: tuple[PassengerType, ...]
    price: Price
    valid_until: dt.datetime


_encode = msgspec.json.Encoder(order="deterministic").encode
_decoder = msgspec.json.Decoder(Quote)


class QuoteDesk:
    """Makes and accepts quotes under one secret key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def quote(
        self,
        flight_id: str,
        flight: Flight,
        *,
        cabin: str,
        passengers: tuple[PassengerType, ...],
        now: dt.datetime,
    ) -> tuple[str, Quote]:
        """The id and the quote; rejects CabinNotFound and SalesClosed."""
        if cabin not in flight.cabins:
            raise flight_rejections.CabinNotFound(cabin=cabin)
        if not flight_rules.is_on_sale(flight.departs_at, now=now):
            raise flight_rejections.SalesClosed(flight=flight.number)
        price = rules.price_flight(
            fare=flight.cabins[cabin].fare, domestic=flight.domestic, passengers=passengers
        )
        made = Quote(
            flight=flight_id,
            cabin=cabin,
            passengers=tuple(sorted(passengers)),
            price=price,
            valid_until=now + QUOTE_LIFETIME,
        )
        content = _encode(made)
        return _text(content + self._mac(content)), made

    def accept(
        self, quote_id: str, *, passengers: tuple[PassengerType, ...], now: dt.datetime
    ) -> Quote:
        """The quote of this id; rejects QuoteRefused and QuoteExpired."""
        try:
            signed = base64.urlsafe_b64decode(quote_id + "=" * (-len(quote_id) % 4))
        except (binascii.Error, ValueError):
            raise QuoteRefused(field="quoteId") from None
        content, mac = signed[:-MAC_LENGTH_BYTES], signed[-MAC_LENGTH_BYTES:]
        if not hmac.compare_digest(mac, self._mac(content)):
            raise QuoteRefused(field="quoteId")
        quote = _decoder.decode(content)
        if quote.valid_until <= now:
            raise QuoteExpired()
        if quote.passengers != tuple(sorted(passengers)):
            raise QuoteRefused(field="passengers")
        return quote

    def _mac(self, content: bytes) -> bytes:
        return hmac.digest(self._key, b"quote\n" + content, hashlib.sha256)[:MAC_LENGTH_BYTES]


def _text(signed: bytes) -> str:
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
