"""The one fold: the state of a stream from its events in their order."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, overload

State = TypeVar("State")
Event = TypeVar("Event")


@overload
def fold(
    evolve: Callable[[State | None, Event], State], state: State, events: Iterable[Event]
) -> State: ...


@overload
def fold(
    evolve: Callable[[State | None, Event], State], state: State | None, events: Iterable[Event]
) -> State | None: ...


def fold(evolve: Callable[[Any, Any], Any], state: Any, events: Iterable[Any]) -> Any:
    """Return the state after all events; `None` is a stream that has not begun."""
    for event in events:
        state = evolve(state, event)
    return state
