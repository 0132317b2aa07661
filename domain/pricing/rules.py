"""How a price is calculated: passenger shares, tax, charges; with dated policy values."""

import functools
from collections.abc import Sequence

import msgspec

from domain.kernel import money
from domain.pricing import extras as extras_catalogue
from domain.pricing import rejections
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import TAKES_SEAT, CouponPrice, ExtraPrice, PassengerType, Price

# Share of the adult fare in percent (child 2 to 11 years, infant under 2 on a lap).
FARE_PERCENT: dict[PassengerType, int] = {"ADT": 100, "CHD": 75, "INF": 10}

# KSA: domestic carriage at the standard rate since 2020-07-01, international carriage zero-rated.
DOMESTIC_VAT_PERCENT = 15
# KSA domestic airport charge per airport and passenger since January 2020: 10 SAR, in halalas.
DOMESTIC_CHARGE_PER_AIRPORT = 1000
DOMESTIC_CHARGE_CURRENCY = "SAR"
AIRPORTS_PER_FLIGHT = 2


class SegmentFare(msgspec.Struct, frozen=True):
    """One flight of the journey: the adult fare without tax, and whether it is domestic."""

    fare: money.Money
    domestic: bool


def seat_count(passengers: Sequence[PassengerType]) -> int:
    """Seats that these passengers take from capacity."""
    return sum(TAKES_SEAT[passenger] for passenger in passengers)


def is_domestic(segments: Sequence[SegmentFare]) -> bool:
    """Whether value added tax is due: a domestic leg of an international journey is zero-rated."""
    return all(segment.domestic for segment in segments)


def price_journey(
    *,
    segments: Sequence[SegmentFare],
    passengers: Sequence[PassengerType],
    extras: Sequence[ExtraChoice] = (),
) -> Price:
    """The price of a journey for these passengers (P1 to P3); rejects CurrenciesDiffer.

    Fare and tax of one passenger are rounded once for the whole journey and then split over its
    flights, so that the shares add up.
    """
    carriage = _carriage(tuple(segments), tuple(passengers))
    if not extras:
        return carriage
    at_home = is_domestic(segments)
    priced = tuple(_extra(choice, currency=carriage.currency, at_home=at_home) for choice in extras)
    return Price(carriage.currency, carriage.coupons, priced)


# A flight on sale is priced again for every booking, mostly for one adult.
@functools.lru_cache(4096)
def _carriage(segments: tuple[SegmentFare, ...], passengers: tuple[PassengerType, ...]) -> Price:
    currency = segments[0].fare.currency
    if any(segment.fare.currency != currency for segment in segments):
        raise rejections.CurrenciesDiffer()
    at_home = is_domestic(segments)
    shares = {kind: _shares(segments, kind, at_home) for kind in dict.fromkeys(passengers)}
    coupons = tuple(
        CouponPrice(index, segment, *amounts)
        for index, kind in enumerate(passengers)
        for segment, amounts in enumerate(shares[kind])
    )
    return Price(currency, coupons)


def _shares(
    segments: Sequence[SegmentFare], kind: PassengerType, at_home: bool
) -> list[tuple[int, int, int]]:
    """Fare, tax and charge of one passenger of this type, flight by flight."""
    currency = segments[0].fare.currency
    full = [segment.fare.amount for segment in segments]
    single = money.round_to_charge_step(sum(full) * FARE_PERCENT[kind], 100, currency)
    fares = _split(single, full)
    if not at_home:
        return [(fare, 0, 0) for fare in fares]
    charge = 0
    if currency == DOMESTIC_CHARGE_CURRENCY and TAKES_SEAT[kind]:
        charge = DOMESTIC_CHARGE_PER_AIRPORT * AIRPORTS_PER_FLIGHT
    taxable = [fare + charge for fare in fares]
    return [
        (fare, vat, charge)
        for fare, vat in zip(fares, _split(vat_on(sum(taxable), currency), taxable), strict=True)
    ]


def _split(amount: money.Money, weights: Sequence[int]) -> list[int]:
    if len(weights) == 1:
        return [amount.amount]
    if not any(weights):
        weights = [1] * len(weights)
    return [share.amount for share in money.split(amount, weights)]


def vat_on(taxable: int, currency: str) -> money.Money:
    """The domestic tax on a net amount, as it can be charged."""
    return money.round_to_charge_step(taxable * DOMESTIC_VAT_PERCENT, 100, currency)


def vat_within(gross: int, currency: str) -> money.Money:
    """The domestic tax contained in an amount that includes it."""
    return money.round_to_charge_step(
        gross * DOMESTIC_VAT_PERCENT, 100 + DOMESTIC_VAT_PERCENT, currency
    )


def _extra(choice: ExtraChoice, *, currency: str, at_home: bool) -> ExtraPrice:
    net = extras_catalogue.net_price(choice.code, currency)
    vat = vat_on(net, currency).amount if at_home else 0
    return ExtraPrice(choice.code, choice.passenger, choice.segment, net, vat)
