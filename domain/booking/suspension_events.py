"""The events that suspend coupons, and their root.

The fields are a storage contract, as in `events.py`.
"""

from typing import ClassVar, Literal

from domain.kernel.events import DomainEvent


class SuspensionFact(DomainEvent, frozen=True):
    """Root of the events about coupons that must not be used for now."""

    capability: ClassVar[Literal["suspension"]] = "suspension"


class CouponsSuspended(SuspensionFact, frozen=True):
    """Stripe does not confirm a capture that paid for the booking: no coupon may be used.

    `reason` is a `domain.payment.captures.Contradiction`.
    """

    tag: ClassVar[str] = "booking.coupons_suspended.1"
    payment: str
    intent: str
    reason: str


class CouponsReinstated(SuspensionFact, frozen=True):
    """Stripe has confirmed the capture after all."""

    tag: ClassVar[str] = "booking.coupons_reinstated.1"
    payment: str
    intent: str


SuspensionEvent = CouponsSuspended | CouponsReinstated
