"""The reasons for which a decision about a payment is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class PaymentNotFound(Rejection):
    """There is no such payment."""

    code: ClassVar[str] = "NOT_FOUND"


class EventNotFound(Rejection):
    """No Stripe event of this id was received."""

    code: ClassVar[str] = "NOT_FOUND"


class AlreadyPaid(Rejection):
    """The amount due has been captured: nothing is left to pay."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class AttemptPending(Rejection):
    """Stripe or a bank has not answered yet; repeating the request with the same key is safe."""

    code: ClassVar[str] = "PAYMENT_PROCESSING"


class InvalidShares(Rejection):
    """The shares do not add up to what is due, or one of them cannot be charged."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    field: ClassVar[str | None] = "shares"


class SessionEnded(Rejection):
    """The checkout session of this request can no longer be paid; a new key opens another one."""

    code: ClassVar[str] = "PAYMENT_FAILED"


class CreditPartRefused(Rejection):
    """Credit cannot pay this amount: `reason` is more_than_due, more_than_left or rest_too_small,
    or says which currency is expected.

    In minor units of the currency: `most` is the largest amount that would do, 0 for none;
    `leastRest` the least that a card can be charged for the rest of what is `due`.
    """

    code: ClassVar[str] = "VALIDATION_ERROR"


class CreditPartNotFound(Rejection):
    """No part of what is due is paid by this use of a credit."""

    code: ClassVar[str] = "NOT_FOUND"


class FundsNotParked(Rejection):
    """The money was applied to its booking; what is owed of it follows from a cancellation."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class RefundNotFailed(Rejection):
    """Only a refund that was refused or failed is sent again or paid by bank, and only once."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class ExternalRefundNotFound(Rejection):
    """No refund of this id was made at Stripe by hand."""

    code: ClassVar[str] = "NOT_FOUND"


class AllocationExceedsRefund(Rejection):
    """The allocations are more than what is left of the external refund."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class RefundNotPayable(Rejection):
    """The refund has another state than one that an external refund can have paid."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class InvalidBankTransfer(Rejection):
    """The transfer cannot have paid this refund on that day."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class ChargeDisputed(Rejection):
    """The charge is disputed: until its bank has decided, no money of it is returned."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class DisputeNotFound(Rejection):
    """There is no such dispute."""

    code: ClassVar[str] = "NOT_FOUND"


class DisputeNotOpen(Rejection):
    """The bank has decided, or takes no evidence."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class RefundExceedsCaptured(Rejection):
    """The refund is more than was captured and not refunded yet."""

    code: ClassVar[str] = "REFUND_EXCEEDS_CAPTURED"
