"""The reasons for which a journey cannot be priced."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class CurrenciesDiffer(Rejection):
    """The flights are sold in currencies between which there is no rate."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class ExtraUnknown(Rejection):
    """No such extra, or it is not sold in this currency."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class AmountNotCollectable(Rejection):
    """The amount is smaller or greater than what Stripe charges at once."""

    code: ClassVar[str] = "VALIDATION_ERROR"
