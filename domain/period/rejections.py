"""The reasons for which a decision about a period is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class PeriodNotOver(Rejection):
    """The month is not over, or so recently that its last flights may still be closed (A1)."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class PeriodNotClosed(Rejection):
    """The month is open: there is nothing to reopen."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class ReopeningNotAsked(Rejection):
    """Nobody has asked for the month to be reopened."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class SecondPersonNeeded(Rejection):
    """Who asked for the month to be reopened must not approve it (A3)."""

    code: ClassVar[str] = "FORBIDDEN"
