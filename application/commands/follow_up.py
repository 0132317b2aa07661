"""Commands that follow from a cause, with ids made from it.

The same cause and step always give the same command id, so that a step happens once however
often it is tried, by whichever process.
"""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from application import ports
from application.commands.command import Command, CommandEnvelope
from domain.kernel import ids

STEP_DEADLINE_SECONDS = 10.0
NO_DEADLINE = float("inf")
ACTOR = "system"


class Cause(msgspec.Struct, frozen=True):
    """The actor and the cause: `id` is that of the command, event or webhook."""

    id: uuid.UUID
    actor: str
    correlation_id: str


class FollowUp(msgspec.Struct, frozen=True):
    """A command that follows from the event of this stream and version."""

    stream: str
    version: int
    step: str
    command: Command


class FollowUps(Protocol):
    """Knows what follows from events at once, without asking anything outside the process."""

    def after(
        self, events: Sequence[ports.NewEvent], state_of: Callable[[str], Any]
    ) -> list[FollowUp]:
        """Return the commands that follow from these events of one decision, in order.

        `state_of` gives the state of a stream after the events, None where it is not in memory.
        What is left out is found later by the process that reads the log.
        """
        ...


def envelope(cause: Cause, step: str, command: Command) -> CommandEnvelope:
    """The envelope of one step; needs a running event loop for its deadline."""
    return CommandEnvelope(
        id=ids.step_command_id(cause.id, step),
        command=command,
        actor=cause.actor,
        correlation_id=cause.correlation_id,
        deadline=asyncio.get_running_loop().time() + STEP_DEADLINE_SECONDS,
        causation_id=cause.id,
    )


def of_event(stream: str, version: int, *, correlation_id: str) -> Cause:
    """An event as the cause of commands."""
    return Cause(
        id=ids.event_id(stream, version),
        actor=ACTOR,
        correlation_id=correlation_id,
    )


def decided_with_its_cause(found: FollowUp, *, correlation_id: str) -> CommandEnvelope:
    """The envelope of a step that is decided in the batch of its cause."""
    cause = of_event(found.stream, found.version, correlation_id=correlation_id)
    return CommandEnvelope(
        id=ids.step_command_id(cause.id, found.step),
        command=found.command,
        actor=cause.actor,
        correlation_id=correlation_id,
        deadline=NO_DEADLINE,
        causation_id=cause.id,
    )
