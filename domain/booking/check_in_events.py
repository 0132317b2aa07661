"""The root of the events from check-in to the end of the journey, and the one that reopens them.

The fields are a storage contract, as in `events.py`.
"""

from typing import ClassVar, Literal

import msgspec

from domain.kernel import entries
from domain.kernel.events import DomainEvent


class CheckInFact(DomainEvent, frozen=True):
    """Root of the events from check-in to the end of the journey."""

    capability: ClassVar[Literal["check_in"]] = "check_in"


ReopenedStatus = Literal["L", "C", "O"]


class ReopenedCoupon(msgspec.Struct, frozen=True):
    """A coupon and the IATA status that it has again: lifted, checked in or open."""

    passenger: int
    segment: int
    status: ReopenedStatus


class DepartureWithdrawn(CheckInFact, frozen=True, omit_defaults=True):
    """The flight of the segment has not left: what was flown or missed with it is to be flown.

    The entry takes back what the closing posted; obligations of these ids are owed no more.
    """

    tag: ClassVar[str] = "booking.departure_withdrawn.1"
    segment: int
    coupons: tuple[ReopenedCoupon, ...]
    reason: str
    entry: entries.Entry | None = None
    withdrawn_obligations: tuple[str, ...] = ()
