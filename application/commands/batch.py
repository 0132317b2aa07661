"""One batch of commands: their decisions on common states, what to append, and the answers.

Rule: nothing here waits or does I/O. A stream that is not in memory is noted in `missing`, and
the whole batch is decided again once it has been loaded; decisions are pure, so that costs only
time.
"""

import datetime as dt
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from application import ports, telemetry
from application.commands import follow_up
from application.commands.command import Outcome
from application.commands.context import DecisionContext, NotLoaded
from application.commands.pending_command import PendingCommand
from application.commands.state_cache import StateCache, UncommittedStates

# More than follows from any one command; what is left over is found by reading the log.
FOLLOW_UP_LIMIT = 32

_NO_STEP = nullcontext()

# A command that was decided, with its answer and the state of the answer's stream.
Answered = tuple[PendingCommand, ports.Answer, Any]


class CommandBatch:
    """Decides commands one after the other, each on what those before it recorded."""

    def __init__(
        self,
        cache: StateCache,
        *,
        now: dt.datetime,
        random_bytes: Callable[[int], bytes],
        follow_ups: follow_up.FollowUps | None = None,
    ) -> None:
        self._states = UncommittedStates(cache)
        self._now = now
        self._random_bytes = random_bytes
        self._follow_ups = follow_ups
        self.missing: set[str] = set()
        self._reads: dict[str, int] = {}
        self._accepted: list[Answered] = []
        self._empty: list[Answered] = []
        self._rejected: list[tuple[PendingCommand, Exception]] = []
        self._events: list[ports.NewEvent] = []
        self._outbox: list[ports.BackgroundTask] = []
        self._origins: list[telemetry.Origin] = []
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
            events = self._take_in(context, pending)
            self._accepted.append(answered)
            self._follow(pending, events)
        else:
            self._empty.append(answered)

    def _follow(self, pending: PendingCommand, events: Sequence[ports.NewEvent]) -> None:
        """Decide what follows from the command's events, and from what follows from these."""
        if self._follow_ups is None:
            return
        waiting = deque(self._follow_ups.after(events, self._state))
        for _ in range(FOLLOW_UP_LIMIT):
            if not waiting:
                return
            events = self._decide_follow_up(pending, waiting.popleft())
            waiting.extend(self._follow_ups.after(events, self._state))

    def _decide_follow_up(
        self, cause: PendingCommand, found: follow_up.FollowUp
    ) -> Sequence[ports.NewEvent]:
        """Make the decision; one that fails is left to the process that reads the log.

        Its streams count as those of the cause: they are brought up to date together.
        """
        context = DecisionContext(self._states, now=self._now, random_bytes=self._random_bytes)
        try:
            reply = found.command.decide(context)
        except NotLoaded as absent:
            self.missing.update(absent.streams)
            return ()
        except Exception:  # noqa: BLE001 - it must not undo its cause; the process reports it
            return ()
        if not context.events:
            return ()
        self._note_reads(cause, context)
        after = context.after(reply.stream)
        assert after is not None, "an answer is about a stream that was read"
        following = PendingCommand(
            follow_up.decided_with_its_cause(found, correlation_id=cause.envelope.correlation_id),
            cause.future.get_loop().create_future(),
            cause.work,
        )
        events = self._take_in(context, following)
        answer = ports.Answer(reply.stream, after.version, reply.ids)
        self._accepted.append((following, answer, after.state))
        return events

    def _state(self, stream: str) -> Any:
        known = self._states.get(stream)
        return None if known is None else known.state

    def _note_reads(self, pending: PendingCommand, context: DecisionContext) -> None:
        self._reads.update(context.reads)
        pending.streams = pending.streams.union(context.reads)

    def _take_in(self, context: DecisionContext, pending: PendingCommand) -> list[ports.NewEvent]:
        """Number the events of a decision; later decisions of the batch build on them."""
        command = len(self._accepted)
        taken: list[ports.NewEvent] = []
        for stream, events in context.events.items():
            after = context.after(stream)
            assert after is not None
            version = after.version - len(events)
            self._states.change(stream, before=version, after=after)
            for event in events:
                version += 1
                taken.append(
                    ports.NewEvent(stream=stream, version=version, event=event, command=command)
                )
        self._events.extend(taken)
        if context.outbox:
            origin = telemetry.origin_of(pending.envelope.correlation_id, pending.work)
            self._outbox.extend(context.outbox)
            self._origins.extend([origin] * len(context.outbox))
        self._keys.extend(context.keys)
        self._stripe_events.extend(context.stripe_events)
        return taken

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
            origins=self._origins,
            keys=self._keys,
            stripe_events=self._stripe_events,
        )

    def append_step(self) -> AbstractContextManager[None]:
        """The append as a step of all work whose commands are part of it and that is traced."""
        traced = [
            pending.work
            for pending in self.decided()
            if pending.work is not None and pending.work.is_traced
        ]
        if not traced:
            return _NO_STEP
        # What follows from a command at once belongs to the same work.
        works = list(dict.fromkeys(traced))
        return telemetry.shared_step(
            "append", works, commands=len(self._accepted), events=len(self._events)
        )

    def settle(self, appended: ports.Appended) -> None:
        """Answer every command that has its outcome; the others have to be decided again.

        Rejections and empty decisions count when the append met no conflict: they were then made
        on current state.
        """
        self.answer_known(appended.known, appended.last_position)
        if appended.conflicts or not (appended.written or not self._events):
            return
        if appended.written:
            self._states.commit()
            _answer(self._accepted, written=True, position=appended.last_position)
        for pending, error in self._rejected:
            pending.fail(error)
        _answer(self._empty, written=False, position=appended.last_position)

    def answer_known(
        self, known: Mapping[uuid.UUID, ports.KnownCommand], position: int = 0
    ) -> None:
        """Answer the commands that the log contains already with their stored answers; it has them
        by `position`, 0 where that is not known.
        """
        for pending in self.decided() if known else ():
            if pending.envelope.id in known:
                pending.replay(known[pending.envelope.id], position)


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


def _answer(answered: Iterable[Answered], *, written: bool, position: int) -> None:
    for pending, answer, state in answered:
        outcome = Outcome(
            answer=answer, replayed=False, state=state, written=written, position=position
        )
        pending.succeed(outcome)
