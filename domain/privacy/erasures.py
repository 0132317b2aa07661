"""The record of an erasure: one event, once the keys are gone."""

from domain.kernel.ids import StreamPrefix
from domain.privacy.events import ErasureCompleted, ErasureEvent
from domain.privacy.state import Erasure


def stream_of(erasure_id: str) -> str:
    """Return the stream of the erasure with this id."""
    return f"{StreamPrefix.ERASURE}-{erasure_id}"


def complete(erasure: Erasure | None, *, completed: ErasureCompleted) -> list[ErasureEvent]:
    """Record that the keys are gone; a repeat records nothing."""
    return [] if erasure is not None else [completed]


def evolve(_erasure: Erasure | None, event: ErasureEvent) -> Erasure:
    """The erasure after the event; never rejects a stored fact."""
    return Erasure(key_count=event.key_count)
