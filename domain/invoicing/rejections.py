"""The reasons for which a decision about tax documents is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class DocumentNotFound(Rejection):
    """The booking has no tax document of this number."""

    code: ClassVar[str] = "NOT_FOUND"


class InvoiceIssued(Rejection):
    """The invoice has been issued: its buyer can no longer be named or changed."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class BuyerErased(Rejection):
    """The person who booked was erased: a buyer is no longer named."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class InvalidPeriod(Rejection):
    """The period is not a month, or its first day is after its last."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class RateMissing(Rejection):
    """No rate into riyals is known for the currency of the booking: the setting lacks it."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"
