"""The reasons for which a decision about a claim is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class ClaimNotFound(Rejection):
    """There is no such claim."""

    code: ClassVar[str] = "NOT_FOUND"


class ClaimNotOpen(Rejection):
    """The claim is not in the status that the step needs; `status` is the one that it has."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class InvalidAccount(Rejection):
    """The IBAN is not one (ISO 13616), is missing, or is given for travel credit."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class InvalidPayment(Rejection):
    """The bank transfer cannot have paid this claim on that day."""

    code: ClassVar[str] = "VALIDATION_ERROR"
