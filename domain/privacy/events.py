"""All events of an erasure; the tags and fields are a storage contract. None has personal data."""

from typing import ClassVar, Literal

from domain.kernel.events import DomainEvent

ErasureReason = Literal["request", "retention"]


class ErasureCompleted(DomainEvent, frozen=True):
    """The keys of a person were destroyed: `key_count` of them, which opened what is sealed in
    these `bookings` and `credits`; `account` is the id of the user, where the person had one.
    """

    tag: ClassVar[str] = "erasure.completed.1"
    reason: ErasureReason
    key_count: int
    bookings: tuple[str, ...]
    credits: tuple[str, ...]
    account: str | None = None


ErasureEvent = ErasureCompleted
