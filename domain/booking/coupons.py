"""Coupons: one passenger on one flight each, from open to final, and the status they roll up to.

Rule (B6): the status of a ticketed booking is the roll-up of its coupons.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from domain.booking.states import Status
from domain.booking.values import Channel, DocumentProblem
from domain.pricing.price import CouponPrice, Lines


class CouponStatus(StrEnum):
    """One-letter coupon statuses of IATA, those that this airline uses.

    VOID: a lost dispute took its price back. DIVIDED is our own: the coupon is in another booking
    now, and here it has no value.
    """

    OPEN = "O"
    CHECKED_IN = "C"
    LIFTED = "L"
    FLOWN = "F"
    REFUNDED = "R"
    MISSED = "Z"
    VOID = "V"
    DIVIDED = "X"


C = CouponStatus

FINAL = frozenset({C.FLOWN, C.REFUNDED, C.MISSED, C.VOID, C.DIVIDED})
# Not travelled, and not to be travelled any more with this booking.
NOT_FLYING = frozenset({C.REFUNDED, C.MISSED, C.VOID, C.DIVIDED})
# Cancelled, void, or in another booking.
GONE = frozenset({C.REFUNDED, C.VOID, C.DIVIDED})
# The passenger is checked in, on board, or has arrived.
TRAVELLING = frozenset({C.CHECKED_IN, C.LIFTED, C.FLOWN})


class Coupon(msgspec.Struct, frozen=True):
    """Values in minor units of the booking's currency; seat and sequence once assigned.

    `change_fee` is the part of the value that earlier modifications cost, and `least_notice_hours`
    the shortest notice before departure at which the coupon was exchanged. `priced` are the values
    at which it was sold or exchanged, where its tax has changed since; fees are counted from them.
    `owed_fee` is kept besides when it is cancelled. `standby` is a
    passenger who is checked in and whose seat was lost. `checked_in_by` is the channel of the
    check-in; None where it is not known. `document_problem` is why the recorded travel document
    does not do for the flight. `charges`
    are the lines of the charge, as in a CouponPrice; `kept` is what stays with authorities of a
    coupon that has ended without a flight.
    """

    passenger: int
    segment: int
    fare: int
    vat: int
    charge: int
    status: CouponStatus = C.OPEN
    seat: str | None = None
    sequence: int | None = None
    change_fee: int = 0
    least_notice_hours: int | None = None
    priced: CouponPrice | None = None
    owed_fee: int = 0
    standby: bool = False
    checked_in_by: Channel | None = None
    flown_ticket: str | None = None
    document_problem: DocumentProblem | None = None
    charges: Lines = msgspec.UNSET
    kept: int | msgspec.UnsetType = msgspec.UNSET

    @property
    def kept_charge(self) -> int:
        """What authorities keep of the charge of a coupon that has ended without a flight."""
        return 0 if isinstance(self.kept, msgspec.UnsetType) else self.kept

    @property
    def unrefundable_charge(self) -> int:
        """What authorities keep of the charge where the customer does not fly, in minor units."""
        if isinstance(self.charges, msgspec.UnsetType):
            return 0
        return sum(each.amount for each in self.charges if not each.refundable)

    @property
    def price(self) -> CouponPrice:
        """What was paid for the coupon, part by part."""
        return CouponPrice(
            self.passenger, self.segment, self.fare, self.vat, self.charge, self.charges
        )

    @property
    def total(self) -> int:
        """What was paid for the coupon."""
        return self.fare + self.vat + self.charge

    @property
    def is_final(self) -> bool:
        """Whether the coupon can never change again."""
        return self.status in FINAL


class Extra(msgspec.Struct, frozen=True):
    """A bag, meal or seat that was sold with a coupon and is cancelled or flown with it.

    `sold_vat` is the tax that it was sold with, where that has changed since.
    """

    code: str
    passenger: int
    segment: int
    net: int
    vat: int
    document: str | None = None
    sold_vat: int | None = None

    @property
    def total(self) -> int:
        """What was paid for the extra."""
        return self.net + self.vat


def document_status(coupon: Coupon, *, is_associated: bool) -> CouponStatus:
    """Return the status of the document of an extra, which is sold with the coupon: an associated
    one is an EMD-A, another one an EMD-S.

    An EMD-A follows it step by step. An EMD-S is open until the coupon is final: it is not checked
    in or lifted.
    """
    if is_associated or coupon.is_final:
        return coupon.status
    return C.OPEN


def roll_up(status: Status, coupons: Sequence[Coupon]) -> Status:
    """Return the status of a ticketed booking after one of its coupons changed (B6).

    Checked in from the first passenger who checks in, boarded when all remaining passengers are
    lifted, no-show when all of them missed the flight. Cancelled and completed are events of
    their own.
    """
    remaining = [coupon.status for coupon in coupons if coupon.status not in GONE]
    if not remaining:
        return status
    travelling = [each for each in remaining if each in TRAVELLING]
    if not travelling:
        return Status.NO_SHOW if C.OPEN not in remaining else status
    if C.OPEN not in remaining and C.CHECKED_IN not in travelling:
        return Status.BOARDED
    return Status.CHECKED_IN


def is_over(coupons: Sequence[Coupon]) -> bool:
    """Whether all coupons are final and at least one was flown."""
    return all(coupon.is_final for coupon in coupons) and any(
        coupon.status is C.FLOWN for coupon in coupons
    )
