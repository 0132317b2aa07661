"""The events by which a lost dispute takes money and coupons from a booking, and their root.

The fields are a storage contract, as in `events.py`.
"""

from typing import ClassVar, Literal

from domain.booking.values import CouponId, Obligation
from domain.kernel import entries, money
from domain.kernel.events import DomainEvent


class ChargeBackFact(DomainEvent, frozen=True):
    """Root of the events about money that a payer has taken back by a dispute."""

    capability: ClassVar[Literal["charge_back"]] = "charge_back"


class BookingChargedBack(ChargeBackFact, frozen=True):
    """A dispute was lost: `amount` of what was paid for the booking is gone."""

    tag: ClassVar[str] = "booking.charged_back.1"
    dispute: str
    amount: money.Money


class CouponsVoided(ChargeBackFact, frozen=True, omit_defaults=True):
    """Coupons are void: a lost dispute took back what was paid for them.

    `obligation` is what the payer is owed of their value, where the dispute was about less. No
    entry for coupons without a value.
    """

    tag: ClassVar[str] = "booking.coupons_voided.1"
    dispute: str
    coupons: tuple[CouponId, ...]
    obligation: Obligation | None = None
    entry: entries.Entry | None = None


ChargeBackEvent = BookingChargedBack | CouponsVoided
