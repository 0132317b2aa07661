"""The caller of a command, with the id under which it is carried out once."""

import uuid

import msgspec

from application import mail
from application.commands.command import Command, CommandEnvelope
from application.commands.follow_up import Cause
from application.identity.ports import Principal

Language = mail.Language


class Caller(msgspec.Struct, frozen=True):
    """A signed-in user's request to change something, without its body.

    `command_id` is made from user, route and idempotency key, `fingerprint` from the body;
    `deadline` is on the event loop's clock: a command not begun by then is refused. `language`
    is the user's, `address` the client's as it is counted. `may_repeat` is whether the client gave
    a key by which it can repeat itself.
    """

    principal: Principal
    command_id: uuid.UUID
    fingerprint: bytes
    correlation_id: str
    deadline: float
    language: Language = "en"
    may_repeat: bool = True
    address: str = ""

    @property
    def actor(self) -> str:
        """Return the actor as the log stores it."""
        return self.principal.actor

    @property
    def cause(self) -> Cause:
        """Return the cause of commands that follow from this request."""
        return Cause(id=self.command_id, actor=self.actor, correlation_id=self.correlation_id)

    def envelope(self, command: Command) -> CommandEnvelope:
        """Return the command in its envelope."""
        return CommandEnvelope(
            id=self.command_id,
            command=command,
            actor=self.actor,
            correlation_id=self.correlation_id,
            deadline=self.deadline,
            fingerprint=self.fingerprint,
        )
