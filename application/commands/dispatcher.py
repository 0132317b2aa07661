"""Carries out commands: one writer per process, one append per batch (group commit).

Rules: a command is decided on shared in-memory state; a rejection or an empty decision counts
only on state known to be current after the command arrived; a failing command fails alone;
nothing is retried before the log has been searched for the command id.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from application import metrics, ports, read_positions, telemetry
from application.commands.batch import CommandBatch
from application.commands.command import CommandEnvelope, IdempotencyConflict, Outcome
from application.commands.follow_up import FollowUps
from application.commands.pending_command import PendingCommand
from application.commands.state_cache import StateCache
from application.commands.stream_kinds import StreamKind
from domain.kernel.fold import fold
from domain.kernel.rejections import Rejection

State = TypeVar("State")

BATCH_LIMIT = 256
# Streams whose states stay in memory, for the commands that follow within minutes. With more of
# them a process still grows after tens of thousands of bookings (`bench soak`).
STATES_LIMIT = 10_000
ATTEMPT_LIMIT = 12
# Limit of rounds of loading: each stream may name another that the decision reads next.
LOADING_LIMIT = 16
# After a version conflict another process writes the same streams: lock first for this long.
CONTENTION_SECONDS = 1.0
RESOLVE_PAUSE_SECONDS = 0.1


class Statistics:
    """Counters since the start, for metrics and benchmarks."""

    def __init__(self) -> None:
        self.batches = 0
        self.commands = 0
        self.conflicts = 0
        self.locked_batches = 0
        self.largest_batch = 0

    def count(self, batch_size: int) -> None:
        """One batch was taken from the queue."""
        self.batches += 1
        self.commands += batch_size
        self.largest_batch = max(self.largest_batch, batch_size)


class Dispatcher:
    """Carries out the commands of its process. Used from one event loop only."""

    def __init__(
        self,
        *,
        log: ports.EventLog,
        clock: ports.Clock,
        random_bytes: Callable[[int], bytes],
        follow_ups: FollowUps | None = None,
        queue_limit: int = 2_000,
        cache_limit: int = STATES_LIMIT,
        carrier: str = "",
    ) -> None:
        self._log = log
        self._carrier = carrier
        self._clock = clock
        self._follow_ups = follow_ups
        self._random_bytes = random_bytes
        self._queue_limit = queue_limit
        self._cache = StateCache(limit=cache_limit)
        self._waiting: deque[PendingCommand] = deque()
        self._wake = asyncio.Event()
        self._committer: asyncio.Task[None] | None = None
        self._contended_until = 0.0
        self._closing = False
        self.statistics = Statistics()

    def start(self) -> None:
        """Begin to take commands; needs a running event loop."""
        self._committer = asyncio.get_running_loop().create_task(self._run(), name="committer")

    async def stop(self) -> None:
        """Finish the waiting commands, then stop; later ones are refused as Unavailable."""
        self._closing = True
        self._wake.set()
        if self._committer is not None:
            await self._committer

    async def submit(self, envelope: CommandEnvelope) -> Outcome:
        """Carry the command out once.

        Raises the Rejection of its decision, IdempotencyConflict, or Unavailable when the queue
        is full, the deadline has passed or the database does not answer.
        """
        if self._closing or len(self._waiting) >= self._queue_limit:
            raise ports.Unavailable("queue")
        with telemetry.span("command", command=type(envelope.command).__name__) as step:
            future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            self._waiting.append(PendingCommand(envelope, future, telemetry.current()))
            self._wake.set()
            try:
                outcome = await future
            except Exception as error:
                metrics.COMMANDS.add(self._carrier, _kind_of(error))
                raise
            metrics.COMMANDS.add(self._carrier, _kind_of(outcome))
            read_positions.wrote(outcome.position)
            if step is not None:
                step.note(stream=outcome.answer.stream, replayed=outcome.replayed)
        return outcome

    async def stored_answer(self, command_id: uuid.UUID, fingerprint: bytes) -> ports.Answer | None:
        """The answer of a command that the log contains; raises IdempotencyConflict."""
        known = (await self._log.find_commands([command_id])).get(command_id)
        if known is None:
            return None
        if known.fingerprint != fingerprint:
            raise IdempotencyConflict()
        read_positions.wrote(0)
        return known.answer

    async def current(self, kind: StreamKind[State], stream: str) -> tuple[State | None, int]:
        """State and version of a stream as the log has it now, not as a cache remembers it."""
        return (await self.current_all(kind, (stream,)))[stream]

    async def current_all(
        self, kind: StreamKind[State], streams: Collection[str]
    ) -> Mapping[str, tuple[State | None, int]]:
        """State and version of each stream as the log has it now, by one read for all of them."""
        cached = {stream: self._cache.get(stream) for stream in streams}
        if not cached:
            return {}
        versions = {
            stream: 0 if known is None else known.version for stream, known in cached.items()
        }
        news: dict[str, list[ports.RecordedEvent]] = {stream: [] for stream in cached}
        for recorded in await self._log.read_after(versions):
            news[recorded.stream].append(recorded)
        found: dict[str, tuple[State | None, int]] = {}
        for stream, known in cached.items():
            state = None if known is None else known.state
            state = fold(kind.evolve, state, (recorded.event for recorded in news[stream]))
            version = versions[stream] + len(news[stream])
            if known is None or known.version < version:
                self._cache.advance(stream, version, state)
            found[stream] = (state, version)
        return found

    def remembered(self, kind: StreamKind[State], stream: str) -> State | None:
        """State of a stream as it is cached, perhaps behind the log; None where it is not."""
        assert stream.startswith(kind.prefix)
        known = self._cache.get(stream)
        return None if known is None else known.state

    async def history(self, stream: str) -> list[ports.RecordedEvent]:
        """All events of a stream in order."""
        return await self._log.read_after({stream: 0})

    async def _run(self) -> None:
        while True:
            if not self._waiting:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            commands = self._take_waiting(())
            if not commands:
                continue
            self.statistics.count(len(commands))
            metrics.APPEND_COMMANDS.record(len(commands), self._carrier)
            metrics.COMMANDS_WAITING.set(len(self._waiting), self._carrier)
            try:
                await self._commit(commands)
            except ports.Unavailable as error:
                _fail_all(commands, error)
            except ports.StreamArchived as error:
                # No bug: nothing was loaded, and what is cached is right.
                await self._isolate(commands, error)
            except Exception as error:  # noqa: BLE001 - a bug fails its batch, never the loop
                self._cache.clear()
                await self._isolate(commands, error)
            self._cache.trim()

    def _take_waiting(
        self, begun: Sequence[PendingCommand], *, limit: int = BATCH_LIMIT
    ) -> list[PendingCommand]:
        """The commands that were begun and more, up to `limit`; late ones are refused.

        Equal commands share one place.
        """
        loop_time = asyncio.get_running_loop().time()
        chosen: dict[uuid.UUID, PendingCommand] = {each.envelope.id: each for each in begun}
        postponed: list[PendingCommand] = []
        while self._waiting and len(chosen) < limit:
            pending = self._waiting.popleft()
            if pending.done:
                continue
            if pending.envelope.deadline < loop_time:
                pending.fail(ports.Unavailable("deadline"))
                continue
            first = chosen.setdefault(pending.envelope.id, pending)
            if first is pending:
                continue
            if first.envelope.fingerprint == pending.envelope.fingerprint:
                first.repeats.append(pending)
            else:
                postponed.append(pending)
        self._waiting.extendleft(reversed(postponed))
        return list(chosen.values())

    async def _commit(self, commands: list[PendingCommand], *, limit: int = BATCH_LIMIT) -> None:
        """Decide and append until every command has its outcome; more may join, up to `limit`."""
        for _ in range(ATTEMPT_LIMIT):
            commands[:] = [pending for pending in commands if not pending.done]
            if not commands:
                return
            if asyncio.get_running_loop().time() < self._contended_until:
                await self._attempt_locked(commands, limit=limit)
                # Those that join may read what is behind: none joins what is decided again.
                limit = len(commands)
            else:
                await self._attempt(commands)
        _fail_all(commands, ports.Unavailable("contention"))

    async def _attempt(self, commands: Sequence[PendingCommand]) -> None:
        batch = await self._decide(commands, self._log)
        if batch is None:
            return
        try:
            with batch.append_step():
                appended = await self._log.append(batch.to_append())
        except ports.AppendUnresolved:
            await self._resolve(batch)
            return
        if appended.conflicts:
            self.statistics.conflicts += 1
            metrics.APPEND_CONFLICTS.add(self._carrier)
            # A taken id is a coincidence; a stream with a newer version has another writer.
            if any(version >= 0 for version in appended.conflicts.values()):
                self._contended_until = asyncio.get_running_loop().time() + CONTENTION_SECONDS
            await self._catch_up(appended.conflicts, self._log)
        batch.settle(appended)

    async def _attempt_locked(self, commands: list[PendingCommand], *, limit: int) -> None:
        """Lock, catch up, add commands that arrived since, decide, append: two round trips.

        A stream that a decision reads for the first time may still be behind; the batch is then
        decided again, and that stream is among those that are caught up on under the lock.
        """
        self.statistics.locked_batches += 1
        versions = self._cached_versions(commands)
        batch: CommandBatch | None = None
        try:
            async with self._log.locked(versions) as locked:
                for recorded in locked.news:
                    self._cache.apply(recorded)
                commands[:] = self._take_waiting(commands, limit=limit)
                newly_named = self._cached_versions(commands).keys() - versions.keys()
                await self._catch_up(dict.fromkeys(newly_named, 0), locked)
                batch = await self._decide(commands, locked)
                if batch is None:
                    return
                with batch.append_step():
                    appended = await locked.append(batch.to_append())
        except ports.AppendUnresolved:
            assert batch is not None
            await self._resolve(batch)
            return
        if appended.conflicts:
            await self._catch_up(appended.conflicts, self._log)
        batch.settle(appended)

    def _cached_versions(self, commands: Sequence[PendingCommand]) -> dict[str, int]:
        """Versions of the cached streams that these commands name or have read."""
        wanted = {stream for pending in commands for stream in pending.streams}
        return {
            stream: known.version
            for stream in wanted
            if (known := self._cache.get(stream)) is not None
        }

    async def _catch_up(
        self, conflicts: Mapping[str, int], source: ports.EventLog | ports.LockedLog
    ) -> None:
        """Apply what others appended to these streams; a hot one is long, so never from its start.

        The version -1 means that the stream was believed to be new: it is forgotten.
        """
        self._cache.forget([stream for stream, version in conflicts.items() if version < 0])
        versions = {
            stream: known.version
            for stream in conflicts
            if (known := self._cache.get(stream)) is not None
        }
        if versions:
            for recorded in await source.read_after(versions):
                self._cache.apply(recorded)

    async def _decide(
        self, commands: Sequence[PendingCommand], source: ports.EventLog | ports.LockedLog
    ) -> CommandBatch | None:
        """Decide all commands in order; None when none of them is left to settle."""
        for _ in range(LOADING_LIMIT):
            batch = CommandBatch(
                self._cache,
                now=self._clock(),
                random_bytes=self._random_bytes,
                follow_ups=self._follow_ups,
            )
            for pending in commands:
                if not pending.done:
                    batch.decide(pending)
            if not batch.missing:
                return batch if batch.decided() else None
            await self._load(batch.missing, source)
        raise RuntimeError(f"decisions never stop to ask for streams: {sorted(batch.missing)}")

    async def _load(self, missing: set[str], source: ports.EventLog | ports.LockedLog) -> None:
        found = await source.read_after(dict.fromkeys(missing, 0))
        for stream in missing:
            self._cache.begin(stream)
        for recorded in found:
            self._cache.apply(recorded)

    async def _resolve(self, batch: CommandBatch) -> None:
        """Find out by command id what the log contains after a lost reply to a commit.

        What the log holds is answered; the rest is decided again, lock first: the lost append may
        still wait for the lock itself, and no rejection may be answered before it has ended.
        """
        self._cache.clear()
        self._contended_until = asyncio.get_running_loop().time() + CONTENTION_SECONDS
        envelopes = [pending.envelope for pending in batch.decided()]
        latest = min(envelope.deadline for envelope in envelopes)
        loop = asyncio.get_running_loop()
        while True:
            try:
                known = await self._log.find_commands([envelope.id for envelope in envelopes])
            except ports.Unavailable:
                if loop.time() > latest:
                    raise
                await asyncio.sleep(RESOLVE_PAUSE_SECONDS)
                continue
            batch.answer_known(known)
            return

    async def _isolate(self, commands: Sequence[PendingCommand], error: Exception) -> None:
        """Carry out the commands of a failed batch one by one, so that only one fails."""
        remaining = [pending for pending in commands if not pending.done]
        if len(remaining) == 1:
            remaining[0].fail(error)
            return
        for pending in remaining:
            try:
                # No other command joins, so that the command with the bug is known and none is
                # left without an answer.
                await self._commit([pending], limit=1)
            except ports.Unavailable as unavailable:
                _fail_all([pending], unavailable)
            except ports.StreamArchived as archived:
                pending.fail(archived)
            except Exception as alone:  # noqa: BLE001 - raised at the caller of this command
                self._cache.clear()
                pending.fail(alone)


def _fail_all(commands: Sequence[PendingCommand], error: Exception) -> None:
    for pending in commands:
        pending.fail(error)


def _kind_of(ended: Outcome | Exception) -> str:
    """Return the outcome of a command as metrics count it."""
    match ended:
        case Outcome(replayed=True):
            return "replayed"
        case Outcome(written=True):
            return "done"
        case Outcome():
            return "nothing to do"
        case Rejection() | ports.StreamArchived():
            return "refused"
        case ports.Unavailable():
            return "unavailable"
        case _:
            return "failed"
