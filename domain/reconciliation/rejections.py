"""The reasons for which a decision about a break is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class BreakNotFound(Rejection):
    """No such break is recorded on the day."""

    code: ClassVar[str] = "NOT_FOUND"


class BreakNotOpen(Rejection):
    """The break is resolved or cleared, or a proposal waits for its approval."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class RemedyNotProposed(Rejection):
    """Nobody has proposed a remedy for the break."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class ApproverMustDiffer(Rejection):
    """Who proposed the remedy must not decide about it (N4)."""

    code: ClassVar[str] = "FORBIDDEN"


class RemedyNotAllowed(Rejection):
    """The remedy is not one for this break, or the account not one for it."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class RangeNotAllowed(Rejection):
    """The days are not in order, in the future, or too many for one run."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class StatementUnreadable(Rejection):
    """A statement of the bank cannot be read; `line` says where and `reason` why."""

    code: ClassVar[str] = "VALIDATION_ERROR"
