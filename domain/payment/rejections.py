"""Why a payment says no."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class PaymentNotFound(Rejection):
    """No such payment."""

    code: ClassVar[str] = "NOT_FOUND"


class AlreadyPaid(Rejection):
    """The amount due has been captured: nothing is left to pay."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class AttemptUnderWay(Rejection):
    """Stripe has been asked and its answer is awaited; asking again with the same key is safe."""

    code: ClassVar[str] = "PAYMENT_PROCESSING"


class RefundExceedsCaptured(Rejection):
    """More is asked back than was captured and not refunded yet."""

    code: ClassVar[str] = "REFUND_EXCEEDS_CAPTURED"
