"""The events that suspend coupons, and their root.

The fields are a storage contract, as in `events.py`.
"""

from typing import ClassVar, Literal

from domain.kernel.events import DomainEvent


class SuspensionFact(DomainEvent, frozen=True):
    """Root of the events about coupons that must not be used for now."""

    capability: ClassVar[Literal["suspension"]] = "suspension"


class CouponsSuspended(SuspensionFact, frozen=True, omit_defaults=True):
    """Stripe does not confirm a capture that paid for the booking, or its payer disputes it: no
    coupon may be used.

    `reason` is a `domain.payment.captures.Contradiction`, or that of the `dispute` at Stripe.
    """

    tag: ClassVar[str] = "booking.coupons_suspended.1"
    payment: str
    intent: str
    reason: str
    dispute: str | None = None


class CouponsReinstated(SuspensionFact, frozen=True, omit_defaults=True):
    """Stripe has confirmed the capture after all, or the dispute has ended."""

    tag: ClassVar[str] = "booking.coupons_reinstated.1"
    payment: str
    intent: str
    dispute: str | None = None


SuspensionEvent = CouponsSuspended | CouponsReinstated
