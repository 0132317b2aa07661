"""The reasons for which a question about what Stripe settles is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class PayoutNotFound(Rejection):
    """No payout with this id is recorded."""

    code: ClassVar[str] = "NOT_FOUND"
