"""The reasons for which a journey cannot be priced."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class CurrenciesDiffer(Rejection):
    """The flights are sold in different currencies; a booking has one currency."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class ExtraUnknown(Rejection):
    """No such extra, or it is not sold in this currency."""

    code: ClassVar[str] = "VALIDATION_ERROR"
