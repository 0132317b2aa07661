"""A command: the request, its decision, its envelope and its answer."""

import uuid
from abc import abstractmethod
from functools import cache
from typing import Any, ClassVar

import msgspec

from application import ports
from application.commands.context import DecisionContext
from domain.kernel.rejections import Rejection

# Fields of a command that hold the id of a stream.
STREAM_FIELDS = (
    *("booking_id", "flight_id", "payment_id", "claim_id", "period_id", "credit_id"),
    "policy_id",
)


class IdempotencyConflict(Rejection):
    """The command id was used before with another body."""

    code: ClassVar[str] = "IDEMPOTENCY_CONFLICT"


class Reply(msgspec.Struct, frozen=True):
    """What a decision answers: the stream that the answer is about, and ids of what was made."""

    stream: str
    ids: dict[str, str] = {}


class Command(msgspec.Struct, frozen=True):
    """A request to change something, with the decision about it; the root of all commands."""

    @abstractmethod
    def decide(self, context: DecisionContext) -> Reply:
        """Record what happens on `context`, or raise a Rejection.

        It records nothing where there is nothing to change. The decision may be made several times
        before it counts, so it is pure: states, the instant and random bytes come from `context`.
        """
        raise NotImplementedError

    @property
    def streams(self) -> tuple[str, ...]:
        """Ids of streams that the decision reads and that the command names.

        By default the values of STREAM_FIELDS. They are brought up to date together with taking
        the log's lock; what else the decision reads is loaded when it asks for it.
        """
        return tuple([getattr(self, name) for name in _stream_fields(type(self))])


@cache
def _stream_fields(command_type: type[Command]) -> tuple[str, ...]:
    return tuple(name for name in STREAM_FIELDS if name in command_type.__struct_fields__)


class CommandEnvelope(msgspec.Struct, frozen=True):
    """A command with its actor, its id and its deadline.

    `fingerprint` binds a client's key to its body and is empty for commands of our own;
    `deadline` is on the event loop's clock: a command not begun by then is refused.
    """

    id: uuid.UUID
    command: Command
    actor: str
    correlation_id: str
    deadline: float
    fingerprint: bytes = b""
    causation_id: uuid.UUID | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What a command led to; `state` is the answer's stream after it, None for a replay.

    `written`: this very call appended events, with all that its decision stored beside them. The
    log up to `position` contains what the answer says; 0 where that was not learned.
    """

    answer: ports.Answer
    replayed: bool
    state: Any = None
    written: bool = False
    position: int = 0
