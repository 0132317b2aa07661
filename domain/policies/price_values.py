"""Values of the policies that prices are made of, and the launch's: shares and extras.

Amounts are in minor units without tax.
"""

from collections.abc import Mapping

import msgspec

from domain.kernel import money
from domain.policies import rejections

# What software knows of an extra: its names, its kind and, of a seat, where it is.
EXTRA_CODES = frozenset(
    {"BAG20", "BAG30", "SPORT", "MEAL", "MEALKIDS", "LEGROOM", "FRONT", "PRIORITY", "LOUNGE"}
)
# The least price of an extra, in steps of what can be charged: the tax of less could be nothing.
LEAST_STEPS = 10
# Eight digits are the most that Stripe charges.
MOST = 99_999_999
PRICE_LIMIT = 200


class PassengerShares(
    msgspec.Struct,
    frozen=True,
    tag_field="policy",
    tag="passenger_shares",
    forbid_unknown_fields=True,
):
    """What children (2 to 11 years) and infants on a lap pay of the adult fare, in percent."""

    child_percent: int
    infant_percent: int

    def percent(self, passenger_type: str) -> int:
        """Return the share of a passenger of this type (`ADT`, `CHD`, `INF`)."""
        return {"ADT": 100, "CHD": self.child_percent, "INF": self.infant_percent}[passenger_type]


class ExtraNet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one extra costs in a currency."""

    code: str
    currency: str
    net: int


class Extras(
    msgspec.Struct, frozen=True, tag_field="policy", tag="extras", forbid_unknown_fields=True
):
    """What extras cost, in minor units without tax; one that has no price in a currency is not
    sold in it.
    """

    prices: tuple[ExtraNet, ...]

    def net(self, code: str, currency: str) -> int | None:
        """Return the price; None where the extra is not sold in the currency."""
        for each in self.prices:
            if each.code == code and each.currency == currency:
                return each.net
        return None

    def in_currency(self, currency: str) -> list[tuple[str, int]]:
        """Return the extras that are sold in this currency with their prices, by the table."""
        return [(each.code, each.net) for each in self.prices if each.currency == currency]


# A booking keeps the versions of these that its segments were sold under (O4).
PriceValue = PassengerShares | Extras

PASSENGER_SHARES = PassengerShares(child_percent=75, infant_percent=10)

# Riyals are market prices; dinars and yen are set by hand, not converted, so that they are round.
_SAR_KWD_JPY: Mapping[str, tuple[int, int, int]] = {
    "BAG20": (150_00, 12_500, 6_000),
    "BAG30": (220_00, 18_500, 8_800),
    "SPORT": (300_00, 25_000, 12_000),
    "MEAL": (50_00, 4_000, 2_000),
    "MEALKIDS": (40_00, 3_500, 1_600),
    "LEGROOM": (100_00, 8_500, 4_000),
    "FRONT": (80_00, 6_500, 3_200),
    "PRIORITY": (50_00, 4_000, 2_000),
    "LOUNGE": (200_00, 16_500, 8_000),
}
EXTRAS = Extras(
    tuple(
        ExtraNet(code, currency, net)
        for code, nets in _SAR_KWD_JPY.items()
        for currency, net in zip(("SAR", "KWD", "JPY"), nets, strict=True)
    )
)


def require_valid(value: PriceValue) -> None:
    """The value is one that prices can be made of; otherwise InvalidPolicy."""
    match value:
        case PassengerShares():
            if not (0 <= value.child_percent <= 100 and 0 <= value.infant_percent <= 100):
                raise rejections.InvalidPolicy(field="value", reason="percent_out_of_range")
        case Extras():
            _require_prices(value)


def _require_prices(value: Extras) -> None:
    """Each extra is known, once in a currency, and its price can be charged."""
    if len(value.prices) > PRICE_LIMIT:
        raise rejections.InvalidPolicy(
            field="value.prices", reason="table_too_long", limit=PRICE_LIMIT
        )
    named = [(each.code, each.currency) for each in value.prices]
    if len(set(named)) < len(named):
        raise rejections.InvalidPolicy(field="value.prices", reason="twice_in_the_table")
    for each in value.prices:
        if each.code not in EXTRA_CODES:
            raise rejections.InvalidPolicy(
                field="value.prices", reason="unknown_extra", code=each.code
            )
        if not money.is_currency(each.currency):
            raise rejections.InvalidPolicy(
                field="value.prices", reason="unknown_currency", currency=each.currency
            )
        step = money.charge_step(each.currency)
        if each.net % step or not LEAST_STEPS * step <= each.net <= MOST:
            raise rejections.InvalidPolicy(
                field="value.prices", reason="not_chargeable", code=each.code
            )
