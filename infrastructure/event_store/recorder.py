"""The `eventsourcing` library's recorder on our log: it appends through `ledger.append`.

Rule: nothing here retries and nothing locks a table. The database's own lock puts appends in the
order of their positions, which are the library's notification ids; the library reads them from
the view `ledger.stored_events`, and its subscription listens to our channel.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import IntegrityError, StoredEvent, Tracking
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.rows import tuple_row

from application import ports
from application.coordination import Channel
from domain.kernel import ids
from infrastructure.event_store import arrays, statement, stored_events
from infrastructure.event_store.datastore import SCHEMA
from infrastructure.event_store.statement import Row
from infrastructure.event_store.stored_events import LedgerEvent, LedgerNotification
from infrastructure.event_store.subscription import LedgerSubscription

VIEW = "stored_events"


class LedgerRecorder(PostgresApplicationRecorder):
    """Records and selects stored events of text originator ids, each state a JSON object."""

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = VIEW) -> None:
        assert datastore.schema == SCHEMA
        assert datastore.originator_id_type == "text"
        assert events_table_name == VIEW
        assert not datastore.enable_db_functions, "its functions would bypass the append"
        super().__init__(datastore, events_table_name=events_table_name)
        self.channel_name = Channel.LOG.value

    def create_table(self) -> None:
        """Do nothing: migrations make the tables; the application's role may not."""

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        command: ports.CommandRecord | None = None,
        tracking: Tracking | None = None,
        **kwargs: Any,
    ) -> Sequence[int] | None:
        """Append all or nothing; returns the notification ids, None for no events.

        `command` is what the events belong to; without one they are a command of their own,
        named after the first of them. Raises the library's IntegrityError when a version is
        taken or the command known, OperationalError when the server does not answer: then the
        append may be durable, and a repeated attempt then raises IntegrityError.
        """
        assert not kwargs, f"unknown arguments {sorted(kwargs)}"
        assert tracking is None, "the log keeps no tracking: a follower keeps its own"
        if not stored_events:
            return None
        rows = [
            Row(str(event.originator_id), event.originator_version, event.topic, event.state, 0)
            for event in stored_events
        ]
        parameters = statement.row_parameters([command or _command_of(rows)], rows, reads={})
        with (
            self.datastore.get_connection() as connection,
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            arrays.register(cursor.adapters)
            cursor.execute(statement.APPEND, parameters, prepare=True, binary=True)
            row = cursor.fetchone()
        assert row is not None
        last_position, written = row[0], row[1]
        if not written:
            raise IntegrityError("this command is recorded already")
        return range(last_position - len(rows) + 1, last_position + 1)

    def select_events(
        self,
        originator_id: uuid.UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[LedgerEvent]:
        """Return events of one stream in the order of their versions, or backwards."""
        with self.datastore.get_connection() as connection:
            return stored_events.select_stream(
                connection, str(originator_id), after=gt, until=lte, backwards=desc, limit=limit
            )

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[LedgerNotification]:
        """Return events of the log from one position to another, both included."""
        with self.datastore.get_connection() as connection:
            return stored_events.select_log(
                connection,
                first=1 if start is None else start + (not inclusive_of_start),
                last=stored_events.LARGEST_POSITION if stop is None else stop,
                topics=topics,
                limit=limit,
            )

    def max_notification_id(self) -> int | None:
        """Return the position of the newest event, None on an empty log."""
        with self.datastore.get_connection() as connection:
            return stored_events.select_head(connection)

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> LedgerSubscription:
        """Return an endless iterator over the events after position `gt`, of these topics."""
        return LedgerSubscription(self, gt=gt, topics=topics)


def _command_of(rows: Sequence[Row]) -> ports.CommandRecord:
    first, last = rows[0], rows[-1]
    command_id: uuid.UUID = ids.step_command_id(ids.event_id(first.stream, first.version), "save")
    return ports.CommandRecord(
        id=command_id,
        fingerprint=b"",
        answer=ports.Answer(stream=last.stream, version=last.version),
        actor="eventsourcing",
        correlation_id=str(command_id),
        causation_id=None,
    )
