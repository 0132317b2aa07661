"""The event by which an expired booking takes its seats again, and its root.

The fields are a storage contract, as in `events.py`.
"""

import datetime as dt
from typing import ClassVar, Literal

from domain.kernel.events import DomainEvent


class ReseatingFact(DomainEvent, frozen=True):
    """Root of the events of bookings that were paid too late."""

    capability: ClassVar[Literal["reseating"]] = "reseating"


class BookingReseated(ReseatingFact, frozen=True):
    """Late money was found for an expired booking: its seats are held again, to be paid at once.

    `payment` is the stream of that money.
    """

    tag: ClassVar[str] = "booking.reseated.1"
    payment: str
    hold_until: dt.datetime


ReseatingEvent = BookingReseated
