"""The reasons for which a decision about a credit is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class CreditNotFound(Rejection):
    """There is no such credit, or it is not the caller's."""

    code: ClassVar[str] = "NOT_FOUND"


class CreditNotSpendable(Rejection):
    """The credit cannot pay for this: `reason` is expired, spent, currency or payout_proposed.

    `currency` is that of the credit, `balance` what is left in minor units.
    """

    code: ClassVar[str] = "VALIDATION_ERROR"


class CreditAmountRefused(Rejection):
    """Not so much of the credit can be spent: `least` and `most`, in minor units, would do."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class InvalidCredit(Rejection):
    """The credit cannot be issued like this; `field` and `reason` say why."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class PayoutRefused(Rejection):
    """The credit is not paid out: `reason` is goodwill, nothing_left, already_proposed,
    not_proposed, second_person_needed, another_transfer or in_the_future.
    """

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"
