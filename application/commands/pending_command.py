"""A submitted command whose caller waits for the outcome."""

import asyncio

import msgspec

from application import ports, telemetry
from application.commands.command import CommandEnvelope, IdempotencyConflict, Outcome


class PendingCommand:
    """One command with its caller, and the repeats of it that wait for the same outcome.

    `streams` are those that it names and those that its last decision read; `work` is what was
    under way when it was submitted.
    """

    __slots__ = ("envelope", "future", "repeats", "streams", "work")

    def __init__(
        self,
        envelope: CommandEnvelope,
        future: asyncio.Future[Outcome],
        work: telemetry.Work | None = None,
    ) -> None:
        self.work = work
        self.envelope = envelope
        self.future = future
        self.repeats: list[PendingCommand] = []
        self.streams = frozenset(envelope.command.streams)

    @property
    def done(self) -> bool:
        """Whether no caller waits any more, neither the first nor those of repeats."""
        if not self.repeats:
            return self.future.done()
        return self.future.done() and all(repeat.future.done() for repeat in self.repeats)

    def succeed(self, outcome: Outcome) -> None:
        """Answer the caller; the repeats are answered with a replay."""
        if not self.future.done():
            self.future.set_result(outcome)
        for repeat in self.repeats:
            replay = msgspec.structs.replace(outcome, replayed=True, state=None, written=False)
            repeat.succeed(replay)

    def fail(self, error: Exception) -> None:
        """Raise the error at the caller and at all repeats."""
        for pending in (self, *self.repeats):
            if not pending.future.done():
                pending.future.set_exception(error)

    def replay(self, known: ports.KnownCommand, position: int) -> None:
        """Answer as the log has it up to `position`, or with a conflict where the fingerprint
        differs.
        """
        if known.fingerprint != self.envelope.fingerprint:
            self.fail(IdempotencyConflict())
        else:
            self.succeed(Outcome(answer=known.answer, replayed=True, position=position))
