"""Prices at the shares and extras of the launch, for tests that need no published policy."""

from domain.kernel import money
from domain.policies.price_values import EXTRAS, PASSENGER_SHARES
from domain.pricing.extras import ExtraChoice, PricedExtra
from domain.pricing.rules import SegmentFare

EXTRA_CODES = tuple(dict.fromkeys(each.code for each in EXTRAS.prices))


def segment_fare(fare: money.Money, taxed: bool) -> SegmentFare:
    """A flight with the shares that children and infants pay."""
    shares = PASSENGER_SHARES
    return SegmentFare(fare, taxed, shares.child_percent, shares.infant_percent)


def extra(choice: ExtraChoice, currency: str = "SAR") -> PricedExtra:
    """The extra at its price; it is sold in the currency."""
    net = EXTRAS.net(choice.code, currency)
    assert net is not None
    return PricedExtra(choice, net)
