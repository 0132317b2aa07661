"""Moves one generation of one read model along the log: rows and checkpoint in one transaction.

Poison: an event that cannot be applied is parked with its cause, and so are later events of its
stream. A ledger read model stops instead.
"""

import logging
from collections.abc import Sequence

import msgspec
import psycopg

from application.search_cache import CachedAnswers
from projections import generations, reading
from projections.projection import (
    Connection,
    Cursor,
    LoggedEvent,
    PoisonousEvent,
    Projection,
    ProjectionStopped,
)
from projections.reading import LogTables

# The errors of an invalid event or a wrong projector. Lost connections, timeouts and missing
# rights are not among them: they are not caused by the event.
POISON = (
    msgspec.MsgspecError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    psycopg.DataError,
    psycopg.IntegrityError,
)
CAUSE_LENGTH = 500

_log = logging.getLogger(__name__)


class CheckpointMoved(ProjectionStopped):
    """Another runner moved the checkpoint: two ran without the leader's lock."""


class GenerationWriter:
    """One generation as this process knows it: its position and its parked streams."""

    def __init__(
        self,
        connection: Connection,
        projection: Projection,
        generation: int,
        *,
        limit: int = reading.BATCH_LIMIT,
        answers: CachedAnswers | None = None,
        tables: LogTables = reading.LIVE,
    ) -> None:
        self.connection = connection
        self._limit = limit
        self._tables = tables
        self._answers = answers if projection.cached_by is not None else None
        self.projection = projection
        self.generation = generation
        self.position = self._read_position(connection)
        self._parked = self._read_parked(connection)

    def step(self, cursor: Cursor) -> "Step":
        """Apply the next stretch within the caller's transaction; call `commit` once it is durable.

        Raises a ProjectionStopped, or psycopg.Error.
        """
        name = self.projection.name
        stretch = reading.read(
            cursor, self.projection, after=self.position, limit=self._limit, tables=self._tables
        )
        step = Step(upto=stretch.upto, head=stretch.head, parked=dict(self._parked))
        if stretch.upto == self.position:
            return step
        # First, because it locks the checkpoint: another writer waits here, then fails.
        cursor.execute(
            "UPDATE projections.checkpoint SET position = %s, moved_at = clock_timestamp() "
            "WHERE projection = %s AND generation = %s AND position = %s",
            (step.upto, name, self.generation, self.position),
        )
        if cursor.rowcount != 1:
            raise CheckpointMoved(f"{name} generation {self.generation} at {self.position}")
        generations.enter(cursor, name, self.generation)
        changing = self._changing(cursor, stretch.stored)
        self._take(cursor, step, self._decoded(cursor, step, stretch.stored))
        if self._answers is not None:
            # Before the commit: no reader may find an answer that is older than the rows.
            self._answers.drop(changing | self._changing(cursor, stretch.stored), step.upto)
        return step

    def commit(self, step: "Step") -> None:
        """Continue after the step, whose transaction is committed."""
        self.position = step.upto
        for stream in step.parked.keys() - self._parked.keys():
            _log.error("%s parked %s at %s", self.projection.name, stream, step.parked[stream])
        self._parked = step.parked
        if self._answers is not None:
            self._answers.vouch(self.position, caught_up=step.upto == step.head)

    def _changing(self, cursor: Cursor, stored: Sequence[reading.StoredEvent]) -> set[str]:
        cached_by = self.projection.cached_by
        if self._answers is None or cached_by is None or not stored:
            return set()
        return set(cached_by(cursor, {each.stream for each in stored}))

    def _decoded(
        self, cursor: Cursor, step: "Step", stored: Sequence[reading.StoredEvent]
    ) -> list[tuple[LoggedEvent, str]]:
        events: list[tuple[LoggedEvent, str]] = []
        for event in stored:
            try:
                events.append((reading.decode(event), event.tag))
            except POISON as error:
                self._park(cursor, step, event.position, event.stream, event.tag, error)
        return events

    def _take(
        self, cursor: Cursor, step: "Step", events: Sequence[tuple[LoggedEvent, str]]
    ) -> None:
        """Apply the events; halve a failing batch until only the poisonous event is left."""
        sound: list[LoggedEvent] = []
        for event, tag in events:
            behind = step.parked.get(event.stream)
            if behind is None or event.position < behind:
                sound.append(event)
            else:
                self._note(cursor, event.position, event.stream, tag, f"behind {behind}")
        if not sound:
            return
        try:
            with cursor.connection.transaction():
                self.projection.apply(cursor, sound)
        except POISON as error:
            if len(sound) == 1:
                event = sound[0]
                self._park(cursor, step, event.position, event.stream, event.event.tag, error)
                return
            middle = len(sound) // 2
            for half in (sound[:middle], sound[middle:]):
                self._take(cursor, step, [(event, event.event.tag) for event in half])

    def _park(
        self,
        cursor: Cursor,
        step: "Step",
        position: int,
        stream: str,
        tag: str,
        error: BaseException,
    ) -> None:
        cause = f"{type(error).__name__}: {error}"[:CAUSE_LENGTH]
        if self.projection.stops_on_poison:
            raise PoisonousEvent(f"{tag} at position {position}: {cause}") from error
        step.parked[stream] = min(position, step.parked.get(stream, position))
        self._note(cursor, position, stream, tag, cause)

    def _note(self, cursor: Cursor, position: int, stream: str, tag: str, cause: str) -> None:
        cursor.execute(
            "INSERT INTO projections.parked_event "
            "(projection, generation, position, stream, tag, cause) "
            "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (self.projection.name, self.generation, position, stream, tag, cause),
        )

    def _read_position(self, connection: Connection) -> int:
        row = connection.execute(
            "SELECT position FROM projections.checkpoint WHERE projection = %s AND generation = %s",
            (self.projection.name, self.generation),
        ).fetchone()
        assert row is not None, "a generation is made together with its checkpoint"
        return int(row[0])

    def _read_parked(self, connection: Connection) -> dict[str, int]:
        rows = connection.execute(
            "SELECT stream, min(position) FROM projections.parked_event "
            "WHERE projection = %s AND generation = %s GROUP BY stream",
            (self.projection.name, self.generation),
        ).fetchall()
        return dict(rows)


class Step(msgspec.Struct):
    """A stretch applied, not yet committed; `parked` maps a stream to its first parked position."""

    upto: int
    head: int
    parked: dict[str, int]
