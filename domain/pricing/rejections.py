"""Why a journey has no price."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class CurrenciesDiffer(Rejection):
    """The flights are sold in different currencies: one booking has one."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class ExtraUnknown(Rejection):
    """No such extra, or it is not sold in this currency."""

    code: ClassVar[str] = "VALIDATION_ERROR"
