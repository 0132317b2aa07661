"""Journey quotes: a signed price that expires."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from application.pricing import journeys
from application.pricing.journeys import Wanted
from application.pricing.signed_quotes import (
    QUOTE_LIFETIME,
    QuoteExpired,
    QuoteRefused,
    QuoteSigner,
)
from domain.booking.values import NewTimes, SeatChoice, Segment
from domain.inventory.state import Flight
from domain.policies.book import PolicyBook
from domain.pricing.price import CouponPrice, PassengerType, Price


class JourneyQuote(msgspec.Struct, frozen=True):
    """A price for a journey and party in this order, valid until an instant (exclusive).

    `times` are those of its flights when they were quoted, in the order of the segments.
    """

    segments: tuple[Segment, ...]
    passengers: tuple[PassengerType, ...]
    price: Price
    seats: tuple[SeatChoice, ...]
    valid_until: dt.datetime
    times: tuple[NewTimes, ...] = ()


class JourneyQuotes:
    """Makes and accepts quotes of journeys."""

    def __init__(self, signer: QuoteSigner) -> None:
        self._signer = signer

    def quote(
        self,
        wanted: Wanted,
        flights: Mapping[str, Flight | None],
        *,
        book: PolicyBook,
        now: dt.datetime,
    ) -> tuple[str, JourneyQuote]:
        """The id and the quote; rejects what `journeys.price` does."""
        priced = journeys.price(wanted, flights, book=book, now=now)
        made = JourneyQuote(
            segments=priced.segments,
            passengers=wanted.passengers,
            price=priced.price,
            seats=wanted.seats,
            valid_until=now + QUOTE_LIFETIME,
            times=tuple(_times(flights[each.flight]) for each in priced.segments),
        )
        return self._signer.issue(made), made

    def accept(
        self, quote_id: str, *, passengers: tuple[PassengerType, ...], now: dt.datetime
    ) -> JourneyQuote:
        """The quote of this id for the party in its own order; rejects QuoteRefused and
        QuoteExpired.
        """
        quote = self._signer.accept(quote_id, JourneyQuote)
        if quote.valid_until <= now:
            raise QuoteExpired()
        if quote.passengers == passengers:
            return quote
        # Extras and seats belong to one passenger; without them only the types matter.
        if sorted(quote.passengers) != sorted(passengers) or quote.price.extras or quote.seats:
            raise QuoteRefused(field="passengers", reason="differs from the quote's passengers")
        return msgspec.structs.replace(
            quote, passengers=passengers, price=_reordered(quote, passengers)
        )


def _times(flight: Flight | None) -> NewTimes:
    assert flight is not None, "a priced journey has flights that exist"
    return NewTimes(flight.departs_at, flight.arrives_at)


def _reordered(quote: JourneyQuote, passengers: tuple[PassengerType, ...]) -> Price:
    by_type: dict[PassengerType, list[CouponPrice]] = {}
    for index, kind in enumerate(quote.passengers):
        by_type.setdefault(kind, [each for each in quote.price.coupons if each.passenger == index])
    coupons = tuple(
        msgspec.structs.replace(coupon, passenger=index)
        for index, kind in enumerate(passengers)
        for coupon in by_type[kind]
    )
    return Price(quote.price.currency, coupons)
