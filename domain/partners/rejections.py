"""The reasons for which a decision about subscriptions is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class UrlRefused(Rejection):
    """Nothing is delivered to an address of this form, or to this host."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class TypesRefused(Rejection):
    """A type is named that no event of this release has, or twice."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class SubscriptionNotAdded(Rejection):
    """The name is taken, or there are as many subscriptions as there may be."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class SubscriptionUnknown(Rejection):
    """No subscription has this id."""

    code: ClassVar[str] = "NOT_FOUND"
