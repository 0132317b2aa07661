"""The event by which an account has a booking that was sold to its holder by somebody else.

The fields are a storage contract, as in `events.py`.
"""

from typing import ClassVar, Literal

from domain.kernel.events import DomainEvent


class AttachmentFact(DomainEvent, frozen=True):
    """Root of the events about accounts that have a booking beside its owner."""

    capability: ClassVar[Literal["attachment"]] = "attachment"


class BookingAttached(AttachmentFact, frozen=True):
    """The user has the booking from now on, beside its owner."""

    tag: ClassVar[str] = "booking.attached.1"
    user: str


AttachmentEvent = BookingAttached
