"""Prices under the policies of the launch, for tests that publish none."""

from application.policies.tax_terms import due_charges
from domain.kernel import money
from domain.policies.price_values import EXTRAS, PASSENGER_SHARES
from domain.policies.state import ALWAYS
from domain.policies.taxes import LAUNCH_TAXES
from domain.pricing.extras import ExtraChoice, PricedExtra
from domain.pricing.price import Leg
from domain.pricing.rules import SegmentFare

_FLIGHT = Leg("RUH", "JED", ALWAYS, ALWAYS, at_home=True)
# What is due on a domestic flight that is no part of a journey abroad.
CHARGES = due_charges(LAUNCH_TAXES, _FLIGHT, taxed=True)
EXTRA_CODES = tuple(dict.fromkeys(each.code for each in EXTRAS.prices))


def segment_fare(fare: money.Money, taxed: bool) -> SegmentFare:
    """A flight with the shares that children and infants pay, and charges where it is taxed."""
    shares = PASSENGER_SHARES
    return SegmentFare(
        fare, taxed, shares.child_percent, shares.infant_percent, CHARGES if taxed else ()
    )


def extra(choice: ExtraChoice, currency: str = "SAR") -> PricedExtra:
    """The extra at its price; it is sold in the currency."""
    net = EXTRAS.net(choice.code, currency)
    assert net is not None
    return PricedExtra(choice, net)
