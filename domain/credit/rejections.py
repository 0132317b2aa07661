"""The reasons for which a decision about a credit is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class CreditNotFound(Rejection):
    """There is no such credit, or it is not the caller's."""

    code: ClassVar[str] = "NOT_FOUND"


class CreditNotSpendable(Rejection):
    """The credit cannot pay for this: `reason` is expired, spent, currency, payout_proposed or
    disputed.

    `currency` is that of the credit, `balance` what is left in minor units.
    """

    code: ClassVar[str] = "VALIDATION_ERROR"
    field: ClassVar[str | None] = "credit"


class CreditAmountRefused(Rejection):
    """Not so much of the credit can be spent: `least` and `most`, in minor units, would do."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    reason: ClassVar[str | None] = "not_this_amount"


class InvalidCredit(Rejection):
    """The credit cannot be issued like this; `field` and `reason` say why."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class PayoutRefused(Rejection):
    """The credit is not paid out: `reason` is goodwill, gift_card, nothing_left, already_proposed,
    not_proposed, second_person_needed, own_credit, another_transfer or disputed.
    """

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class InvalidPayout(Rejection):
    """The bank transfer cannot have paid the credit on that day."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class GiftCardTextRefused(Rejection):
    """A text is not mailed with a gift card: the `reason` is that its `field` is blank, or has a
    link.
    """

    code: ClassVar[str] = "VALIDATION_ERROR"


class GiftCardNotPayable(Rejection):
    """The gift card cannot be paid: `reason` is paid, refunded or lapsed."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class GiftCardNotClaimable(Rejection):
    """The gift card gives no credit: `reason` is claimed, refunded, expired, disputed or
    not_paid.
    """

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class GiftCardNotRefundable(Rejection):
    """The gift card is not refunded: `reason` is not_paid, claimed, refunded, expired, disputed or
    too_late, then with `until` when it could be.
    """

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class GiftCodeNotResent(Rejection):
    """The code is not sent again: `reason` is not_paid, claimed, refunded, expired, disputed or
    sent_too_often.
    """

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class InvalidGiftCode(Rejection):
    """The code has not the form of one, or there is none such; `field` and `reason` say so."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class GiftCardAmountRefused(Rejection):
    """No gift card is sold for this amount: from `least` to `most` in minor units, by `step`."""

    code: ClassVar[str] = "VALIDATION_ERROR"
