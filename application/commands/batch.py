"""One batch of commands: their decisions on common states, what to append, and the answers.

Rule: nothing here waits or does I/O. A stream that is not in memory is noted in `missing`, and
the whole batch is decided again once it has been loaded; decisions are pure, so that costs only
time.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from application import ports
from application.commands.command import Outcome
from application.commands.context import DecisionContext, NotLoaded
from application.commands.pending_command import PendingCommand
from application.commands.state_cache import StateCache, UncommittedStates

# A command that was decided, with its answer and the state of the answer's stream.
Answered = tuple[PendingCommand, ports.Answer, Any]


class CommandBatch:
    """Decides commands one after the other, each on what those before it recorded."""

    def __init__(
        self, cache: StateCache, *, now: dt.datetime, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._states = UncommittedStates(cache)
        self._now = now
        self._random_bytes = random_bytes
        self.missing: set[str] = set()
        self._reads: dict[str, int] = {}
        self._accepted: list[Answered] = []
        self._empty: list[Answered] = []
        self._rejected: list[tuple[PendingCommand, Exception]] = []
        self._events: list[ports.NewEvent] = []
        self._outbox: list[ports.BackgroundTask] = []
        self._keys: list[ports.WrappedKey] = []
        self._stripe_events: list[ports.StripeEvent] = []

    def decide(self, pending: PendingCommand) -> None:
        """Make one decision and take in what it recorded; a bug fails this command alone.

        A bug counts only on current state, as a rejection does: a cache that is behind the log may
        contradict what a correct decision asserts.
        """
        context = DecisionContext(self._states, now=self._now, random_bytes=self._random_bytes)
        try:
            reply = pending.envelope.command.decide(context)
            after = context.after(reply.stream)
            assert after is not None, "an answer is about a stream that was read"
        except NotLoaded as absent:
            self.missing.update(absent.streams)
            return
        except Exception as error:  # noqa: BLE001 - isolated: raised at the caller of this command
            self._rejected.append((pending, error))
            self._note_reads(pending, context)
            return
        self._note_reads(pending, context)
        answered = (pending, ports.Answer(reply.stream, after.version, reply.ids), after.state)
        if context.events:
            self._take_in(context)
            self._accepted.append(answered)
        else:
            self._empty.append(answered)

    def _note_reads(self, pending: PendingCommand, context: DecisionContext) -> None:
        self._reads.update(context.reads)
        pending.streams = pending.streams.union(context.reads)

    def _take_in(self, context: DecisionContext) -> None:
        """Number the events of a decision; later decisions of the batch build on them."""
        command = len(self._accepted)
        for stream, events in context.events.items():
            after = context.after(stream)
            assert after is not None
            version = after.version - len(events)
            self._states.change(stream, before=version, after=after)
            for event in events:
                version += 1
                self._events.append(
                    ports.NewEvent(stream=stream, version=version, event=event, command=command)
                )
        self._outbox.extend(context.outbox)
        self._keys.extend(context.keys)
        self._stripe_events.extend(context.stripe_events)

    def decided(self) -> list[PendingCommand]:
        """All commands that were decided."""
        answered = (*self._accepted, *self._empty)
        return [each for each, _, _ in answered] + [each for each, _ in self._rejected]

    def to_append(self) -> ports.Batch:
        """Return what to append. New streams are guarded only by their unique first version."""
        written = {event.stream for event in self._events}
        reads = {
            stream: version
            for stream, version in self._reads.items()
            if version > 0 or stream not in written
        }
        return ports.Batch(
            commands=[_record(pending, answer) for pending, answer, _ in self._accepted],
            events=self._events,
            reads=reads,
            asked=[
                *(pending.envelope.id for pending, _, _ in self._empty),
                *(pending.envelope.id for pending, _ in self._rejected),
            ],
            outbox=self._outbox,
            keys=self._keys,
            stripe_events=self._stripe_events,
        )

    def settle(self, appended: ports.Appended) -> None:
        """Answer every command that has its outcome; the others have to be decided again.

        Rejections and empty decisions count when the append met no conflict: they were then made
        on current state.
        """
        self.answer_known(appended.known)
        if appended.conflicts or not (appended.written or not self._events):
            return
        if appended.written:
            self._states.commit()
            _answer(self._accepted, written=True)
        for pending, error in self._rejected:
            pending.fail(error)
        _answer(self._empty, written=False)

    def answer_known(self, known: Mapping[uuid.UUID, ports.KnownCommand]) -> None:
        """Answer the commands that the log contains already with their stored answers."""
        for pending in self.decided() if known else ():
            if pending.envelope.id in known:
                pending.replay(known[pending.envelope.id])


def _record(pending: PendingCommand, answer: ports.Answer) -> ports.CommandRecord:
    envelope = pending.envelope
    return ports.CommandRecord(
        id=envelope.id,
        fingerprint=envelope.fingerprint,
        answer=answer,
        actor=envelope.actor,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
    )


def _answer(answered: Iterable[Answered], *, written: bool) -> None:
    for pending, answer, state in answered:
        outcome = Outcome(answer=answer, replayed=False, state=state, written=written)
        pending.succeed(outcome)
