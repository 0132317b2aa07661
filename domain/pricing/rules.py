"""How a price is calculated: passenger shares, tax, charges, extras."""

import functools
from collections.abc import Sequence

import msgspec

from domain.kernel import money
from domain.pricing import exchange, tax
from domain.pricing.extras import PricedExtra
from domain.pricing.price import TAKES_SEAT, CouponPrice, ExtraPrice, PassengerType, Price


class SegmentFare(msgspec.Struct, frozen=True):
    """One flight of the journey: the adult fare without tax, and whether tax is due on it.

    The shares that a child and an infant pay of it, in percent, are needed where some travel.
    """

    fare: money.Money
    taxed: bool
    child_percent: int | None = None
    infant_percent: int | None = None

    def percent(self, kind: PassengerType) -> int:
        """Return the share that a passenger of this type pays."""
        if kind == "ADT":
            return 100
        percent = self.child_percent if kind == "CHD" else self.infant_percent
        assert percent is not None, "a party with children is priced at the shares of a policy"
        return percent


def seat_count(passengers: Sequence[PassengerType]) -> int:
    """Seats that these passengers take from capacity."""
    return sum([TAKES_SEAT[passenger] for passenger in passengers])


def price_journey(
    *,
    segments: Sequence[SegmentFare],
    passengers: Sequence[PassengerType],
    extras: Sequence[PricedExtra] = (),
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
        extra_price(each, currency=currency, taxed=segments[each.choice.segment].taxed)
        for each in extras
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


def passenger_fare(fare: money.Money, percent: int) -> int:
    """This share of the adult fare, in minor units, as it can be charged."""
    return money.round_to_charge_step(fare.amount * percent, 100, fare.currency).amount


def _shares(
    full: Sequence[int], segments: Sequence[SegmentFare], kind: PassengerType, currency: str
) -> list[tuple[int, int, int]]:
    """Fare, tax and charge of one passenger of this type, flight by flight."""
    hundredths = [fare * each.percent(kind) for fare, each in zip(full, segments, strict=True)]
    fares = _split(money.round_to_charge_step(sum(hundredths), 100, currency), hundredths)
    is_taxed = [each.taxed for each in segments]
    if not any(is_taxed):
        return [(fare, 0, 0) for fare in fares]
    charge = tax.charge_of(kind, currency)
    charges = [charge if due else 0 for due in is_taxed]
    taxable = [
        fare + charge if due else 0
        for fare, charge, due in zip(fares, charges, is_taxed, strict=True)
    ]
    taxes = _split(tax.vat_on(sum(taxable), currency), taxable)
    return list(zip(fares, taxes, charges, strict=True))


def _split(amount: money.Money, weights: Sequence[int]) -> list[int]:
    if len(weights) == 1:
        return [amount.amount]
    if not any(weights):
        weights = [1] * len(weights)
    return [share.amount for share in money.split(amount, weights)]


def extra_price(extra: PricedExtra, *, currency: str, taxed: bool) -> ExtraPrice:
    """The price of an extra with the tax that is due on its flight."""
    choice, net = extra.choice, extra.net
    vat = tax.vat_on(net, currency).amount if taxed else 0
    return ExtraPrice(choice.code, choice.passenger, choice.segment, net, vat)
