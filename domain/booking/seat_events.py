"""The root of the events about seats, and the one about the money for them.

The fields are a storage contract, as in `events.py`.
"""

from typing import ClassVar, Literal

from domain.booking.values import Obligation
from domain.kernel import entries
from domain.kernel.events import DomainEvent
from domain.pricing.price import ExtraPrice


class SeatFact(DomainEvent, frozen=True):
    """Root of the events about seats of the seat map."""

    capability: ClassVar[Literal["seats"]] = "seats"


class SeatExtrasRefunded(SeatFact, frozen=True):
    """Passengers have lost seats that they paid for, and there is no other one of the category:
    what these extras cost is owed.
    """

    tag: ClassVar[str] = "booking.seat_extras_refunded.1"
    extras: tuple[ExtraPrice, ...]
    reason: str
    obligation: Obligation
    entry: entries.Entry
