"""The reasons for which a decision about a policy is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class PolicyNotFound(Rejection):
    """There is no policy of this name."""

    code: ClassVar[str] = "NOT_FOUND"


class InvalidPolicy(Rejection):
    """The value, scope or date of a version is not possible; `field` and `reason` say why."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class ProposalGone(Rejection):
    """The proposal was replaced by another one, or is published already."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class SecondPersonNeeded(Rejection):
    """Who proposed a version must not approve it (O1)."""

    code: ClassVar[str] = "FORBIDDEN"


class MoneyPolicy(Rejection):
    """Of this policy money depends: the caller may set rules about operations only."""

    code: ClassVar[str] = "FORBIDDEN"
