"""The reasons for which a journey cannot be priced."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class CurrenciesDiffer(Rejection):
    """The flights are sold in currencies between which there is no rate."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    field: ClassVar[str | None] = "flightIds"
    reason: ClassVar[str | None] = "no_exchange_rate"


class ExtraUnknown(Rejection):
    """No such extra, or it is not sold in this currency."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    reason: ClassVar[str | None] = "not_sold"


class ExtraRefused(Rejection):
    """The extra does not fit the passenger or the flight: a second seat, a seat for a lap infant or
    in a cabin that has none, leg room at an exit for a passenger who may not sit there.
    """

    code: ClassVar[str] = "VALIDATION_ERROR"


class AmountNotCollectable(Rejection):
    """The amount is smaller or greater than what Stripe charges at once."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    field: ClassVar[str | None] = ""
    reason: ClassVar[str | None] = "not_collectable"
