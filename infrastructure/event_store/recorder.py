"""The `eventsourcing` library's recorder on our log: it appends through `ledger.append`.

Rule: nothing here retries an append and nothing locks a table. The database's own lock puts
appends in the order of their positions, which are the library's notification ids; the library
reads them from the view `ledger.stored_events`, and its subscription listens to our channel.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.rows import tuple_row

from application import ports
from application.coordination import Channel
from domain.kernel import ids
from infrastructure.event_store import arrays, statement
from infrastructure.event_store.statement import Row

SCHEMA = "ledger"
VIEW = "stored_events"


class LedgerRecorder(PostgresApplicationRecorder):
    """Records and selects stored events of text originator ids, each state a JSON object."""

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = VIEW) -> None:
        assert datastore.schema == SCHEMA
        assert datastore.originator_id_type == "text"
        assert events_table_name == VIEW
        assert not datastore.enable_db_functions, "it would leave the append out"
        super().__init__(datastore, events_table_name=events_table_name)
        self.channel_name = Channel.LOG.value

    def create_table(self) -> None:
        """Migrations make the tables; the application's role could not."""

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        command: ports.CommandRecord | None = None,
        **kwargs: Any,
    ) -> Sequence[int] | None:
        """Append all or nothing; returns the notification ids, None for no events.

        `command` is what the events belong to; without one they are a command of their own,
        named after the first of them. Raises the library's IntegrityError when a version is
        taken or the command known, OperationalError when the server does not answer: then the
        append may be durable, and who tries again learns so by IntegrityError.
        """
        assert not kwargs, f"unknown arguments {sorted(kwargs)}"
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
