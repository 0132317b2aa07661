"""Given events, when a decision is made, then events, a rejection, or nothing.

Rule: the state a decision sees is always folded from events, never built by hand.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from domain.kernel.events import DomainEvent
from domain.kernel.fold import fold
from domain.kernel.rejections import Rejection

State = TypeVar("State")


class Outcome:
    """What a decision came to: its events, or its rejection."""

    def __init__(self, events: Sequence[DomainEvent], rejection: Rejection | None) -> None:
        self.events = list(events)
        self.rejection = rejection

    def then(self, *expected: DomainEvent) -> None:
        """Exactly these events, in this order."""
        assert self.rejection is None, f"refused: {self.rejection!r}"
        assert expected, "use then_nothing"
        assert self.events == list(expected)

    def then_rejected(self, kind: type[Rejection], /, **parameters: str | int) -> None:
        """Refused for exactly this reason, with these of its parameters."""
        assert type(self.rejection) is kind, f"{self.rejection!r} and {self.events}"
        reported = {name: self.rejection.parameters.get(name) for name in parameters}
        assert reported == parameters

    def then_nothing(self) -> None:
        """Already so: neither an event nor a refusal."""
        assert self.rejection is None, f"refused: {self.rejection!r}"
        assert self.events == []


class Scenario(Generic[State]):
    """A stream as its events tell it, or none yet."""

    def __init__(self, state: State | None) -> None:
        self.state = state

    def when(self, decision: Callable[..., Sequence[DomainEvent]], **arguments: Any) -> Outcome:
        """The decision made on the state; what is no rejection is a bug and passes through."""
        try:
            return Outcome(decision(self.state, **arguments), None)
        except Rejection as rejection:
            return Outcome((), rejection)


def given(evolve: Callable[[State | None, Any], State], *events: DomainEvent) -> Scenario[State]:
    """The state that these events lead to; no event: the stream does not exist."""
    return Scenario(fold(evolve, None, events))
