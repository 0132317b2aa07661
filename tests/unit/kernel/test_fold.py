"""The fold takes every event in its order."""

from domain.kernel.fold import fold


def append(state: str | None, event: str) -> str:
    """A state that remembers all its events."""
    return (state or "") + event


def test_the_events_are_applied_in_their_order() -> None:
    assert fold(append, "a", ["b", "c"]) == "abc"


def test_a_stream_without_events_has_no_state() -> None:
    assert fold(append, None, []) is None


def test_the_first_event_begins_the_state() -> None:
    assert fold(append, None, iter("ab")) == "ab"
