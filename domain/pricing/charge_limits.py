"""What can be charged at once; the least of each currency is a policy.

Source: Stripe takes eight digits at most.
"""

from domain.kernel import money
from domain.pricing import rejections

LARGEST = 99_999_999


def require_collectable(amount: money.Money, *, least: int) -> None:
    """The amount can be charged at once; otherwise AmountNotCollectable."""
    if not least <= amount.amount <= LARGEST:
        raise rejections.AmountNotCollectable(
            amount=amount.amount, least=least, most=LARGEST, currency=amount.currency
        )
