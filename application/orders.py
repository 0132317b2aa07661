"""What is asked of the dispatcher and what it answers."""

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import msgspec

from application import ports
from domain.kernel.events import DomainEvent
from domain.kernel.rejections import Rejection


class IdempotencyConflict(Rejection):
    """The command id was used before with another body."""

    code: ClassVar[str] = "IDEMPOTENCY_CONFLICT"


class Command(Protocol):
    """A request to change something; `hints` are streams that its decision will read."""

    @property
    def hints(self) -> tuple[str, ...]:
        """Names of streams, as far as the command itself tells them."""
        ...


class Order(msgspec.Struct, frozen=True):
    """A command with its envelope.

    `fingerprint` binds a client's key to its body and is empty for commands of our own;
    `deadline` is on the event loop's clock: a command not begun by then is refused.
    """

    id: uuid.UUID
    command: Any
    actor: str
    correlation_id: str
    deadline: float
    fingerprint: bytes = b""
    causation_id: uuid.UUID | None = None


class Decision(msgspec.Struct, frozen=True):
    """What a handler decided: events per stream in order, and what to tell the caller.

    No events at all means: already so. `answer_stream` names what the answer speaks of.
    """

    answer_stream: str
    events: Sequence[tuple[str, Sequence[DomainEvent]]] = ()
    ids: dict[str, str] = {}
    outbox: Sequence[ports.BackgroundTask] = ()
    keys: Sequence[ports.WrappedKey] = ()


class Outcome(msgspec.Struct, frozen=True):
    """What a command came to; `state` is the answer's stream after it, None for a replay."""

    answer: ports.Answer
    replayed: bool
    state: Any = None
