"""Envelopes of commands that follow from a cause, with ids made from it.

The same cause and step always give the same command id, so that a step happens once however
often it is tried.
"""

import asyncio
import uuid

import msgspec

from application.commands.command import Command, CommandEnvelope
from domain.kernel import ids

STEP_DEADLINE_SECONDS = 10.0


class Cause(msgspec.Struct, frozen=True):
    """The actor and the cause: `id` is that of the command, event or webhook."""

    id: uuid.UUID
    actor: str
    correlation_id: str


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
