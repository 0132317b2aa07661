"""How a price is calculated: passenger shares, tax, charges, extras."""

import functools
from collections.abc import Sequence

import msgspec

from domain.kernel import money
from domain.pricing import exchange, tax
from domain.pricing import extras as extras_catalogue
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import TAKES_SEAT, CouponPrice, ExtraPrice, Lines, PassengerType, Price
from domain.pricing.tax import DueCharge

# Share of the adult fare in percent (child 2 to 11 years, infant under 2 on a lap).
FARE_PERCENT: dict[PassengerType, int] = {"ADT": 100, "CHD": 75, "INF": 10}


class SegmentFare(msgspec.Struct, frozen=True):
    """One flight of the journey: the adult fare without tax, whether tax is due on it, and the
    charges that are.
    """

    fare: money.Money
    taxed: bool
    charges: tuple[DueCharge, ...]


def seat_count(passengers: Sequence[PassengerType]) -> int:
    """Seats that these passengers take from capacity."""
    return sum([TAKES_SEAT[passenger] for passenger in passengers])


def price_journey(
    *,
    segments: Sequence[SegmentFare],
    passengers: Sequence[PassengerType],
    extras: Sequence[ExtraChoice] = (),
) -> Price:
    """The price of a journey for these passengers (P1 to P3), in the currency of the first flight;
    rejects CurrenciesDiffer.

    Fare and tax of one passenger are rounded once for the whole journey and then split over its
    flights, so that the shares add up.
    """
    carriage = _carriage(tuple(segments), tuple(passengers))
    if not extras:
        return carriage
    currency = carriage.currency
    priced = tuple(
        extra_price(choice, currency=currency, taxed=segments[choice.segment].taxed)
        for choice in extras
    )
    return Price(currency, carriage.coupons, priced)


# A flight on sale is priced again for every booking, mostly for one adult.
@functools.lru_cache(4096)
def _carriage(segments: tuple[SegmentFare, ...], passengers: tuple[PassengerType, ...]) -> Price:
    currency = segments[0].fare.currency
    fares = [exchange.convert(segment.fare, currency).amount for segment in segments]
    shares = {kind: _shares(fares, segments, kind, currency) for kind in dict.fromkeys(passengers)}
    coupons = tuple(
        CouponPrice(index, segment, *amounts)
        for index, kind in enumerate(passengers)
        for segment, amounts in enumerate(shares[kind])
    )
    return Price(currency, coupons)


def passenger_fare(fare: money.Money, kind: PassengerType) -> int:
    """A passenger's share of the adult fare, in minor units, as it can be charged."""
    return money.round_to_charge_step(fare.amount * FARE_PERCENT[kind], 100, fare.currency).amount


def _shares(
    full: Sequence[int], segments: Sequence[SegmentFare], kind: PassengerType, currency: str
) -> list[tuple[int, int, int, Lines]]:
    """Fare, tax and charges of one passenger of this type, flight by flight."""
    fares = _split(
        money.Money(passenger_fare(money.Money(sum(full), currency), kind), currency), full
    )
    charges = [tax.charges_of(each.charges, kind, currency) for each in segments]
    taxable = [
        fare + charge if segment.taxed else 0
        for fare, (charge, _), segment in zip(fares, charges, segments, strict=True)
    ]
    taxes = _split(tax.vat_on(sum(taxable), currency), taxable) if any(taxable) else [0] * len(full)
    return [
        (fare, vat, charge, lines)
        for fare, vat, (charge, lines) in zip(fares, taxes, charges, strict=True)
    ]


def _split(amount: money.Money, weights: Sequence[int]) -> list[int]:
    if len(weights) == 1:
        return [amount.amount]
    if not any(weights):
        weights = [1] * len(weights)
    return [share.amount for share in money.split(amount, weights)]


def extra_price(choice: ExtraChoice, *, currency: str, taxed: bool) -> ExtraPrice:
    """The price of an extra; rejects ExtraUnknown."""
    net = extras_catalogue.net_price(choice.code, currency)
    vat = tax.vat_on(net, currency).amount if taxed else 0
    return ExtraPrice(choice.code, choice.passenger, choice.segment, net, vat)
