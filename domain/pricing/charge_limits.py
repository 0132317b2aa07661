"""The least and the most that Stripe charges at once, by currency, as dated policy data.

Sources: Stripe's minimum is the equivalent of 0.50 US dollars (it lists 50 yen; riyals and dinars
are ours, above the equivalent), its maximum eight digits.
"""

from collections.abc import Mapping

from domain.kernel import money
from domain.pricing import rejections

SMALLEST: Mapping[str, int] = {"SAR": 2_00, "KWD": 200, "JPY": 50}
LARGEST = 99_999_999


def smallest(currency: str) -> int:
    """Return the least amount that can be charged, in minor units."""
    return SMALLEST.get(currency, money.charge_step(currency))


def require_collectable(amount: money.Money) -> None:
    """The amount can be charged at once; otherwise AmountNotCollectable."""
    least = smallest(amount.currency)
    if not least <= amount.amount <= LARGEST:
        raise rejections.AmountNotCollectable(
            amount=amount.amount, least=least, most=LARGEST, currency=amount.currency
        )
