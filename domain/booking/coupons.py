"""Coupons: one passenger on one flight each, from open to final; a booking's status follows them.

Rule (B6): the status of a ticketed booking is the roll-up of its coupons.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from domain.booking.states import Status


class CouponStatus(StrEnum):
    """IATA's one-letter statuses, as far as this airline uses them."""

    OPEN = "O"
    CHECKED_IN = "C"
    LIFTED = "L"
    FLOWN = "F"
    REFUNDED = "R"
    MISSED = "Z"


C = CouponStatus

FINAL = frozenset({C.FLOWN, C.REFUNDED, C.MISSED})
# A passenger who is on the way: checked in, on board, or arrived.
TRAVELLING = frozenset({C.CHECKED_IN, C.LIFTED, C.FLOWN})


class Coupon(msgspec.Struct, frozen=True):
    """Value in minor units of the booking's currency; seat and sequence once they are given."""

    passenger: int
    segment: int
    fare: int
    vat: int
    charge: int
    status: CouponStatus = C.OPEN
    seat: str | None = None
    sequence: int | None = None

    @property
    def total(self) -> int:
        """All that was paid for it."""
        return self.fare + self.vat + self.charge

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.status in FINAL


class Extra(msgspec.Struct, frozen=True):
    """A bag, meal or seat that was sold with a coupon and shares its fate."""

    code: str
    passenger: int
    segment: int
    net: int
    vat: int
    document: str | None = None

    @property
    def total(self) -> int:
        """All that was paid for it."""
        return self.net + self.vat


def roll_up(status: Status, coupons: Sequence[Coupon]) -> Status:
    """Where a ticketed booking stands now that a coupon has changed (B6).

    Checked in as soon as anybody is on the way, boarded when all who still travel are lifted,
    no-show when nobody was. Cancelled and completed are decisions of their own.
    """
    states = [coupon.status for coupon in coupons if coupon.status is not C.REFUNDED]
    if not states:
        return status
    on_the_way = [state for state in states if state in TRAVELLING]
    if not on_the_way:
        return Status.NO_SHOW if C.OPEN not in states else status
    if C.OPEN not in states and C.CHECKED_IN not in on_the_way:
        return Status.BOARDED
    return Status.CHECKED_IN


def is_over(coupons: Sequence[Coupon]) -> bool:
    """Whether all coupons are final and at least one was flown."""
    return all(coupon.is_final for coupon in coupons) and any(
        coupon.status is C.FLOWN for coupon in coupons
    )
