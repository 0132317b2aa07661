"""Connections of the `eventsourcing` library to our log: one small pool, made from a DSN.

The library's own datastore takes the DSN in parts, tests a connection by a round trip before each
use, and blocks a thread for as long as a server stays silent. This one does none of that.
"""

import logging
import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from eventsourcing.postgres import ConnectionPool, PostgresDatastore
from psycopg.rows import DictRow, dict_row

SCHEMA = "ledger"
# Shown in pg_stat_activity, unless the DSN sets another name.
APPLICATION_NAME = "ais ledger reader"
STATEMENT_TIMEOUT_MS = 5_000
WAIT_SECONDS = 3.0
CONNECT_TIMEOUT_SECONDS = 3
# The pool doubles its pauses between tries up to this; a longer pause could outlast an outage.
RECONNECT_SECONDS = 5.0
# A plan made while the log was short must not scan the log when it is long.
OPTIONS = (
    "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan -c timezone=UTC "
    f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c idle_in_transaction_session_timeout=5000"
)
# A connection without a network breaks after about half a minute, not after two hours.
KEEPALIVES = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}

Connection = psycopg.Connection[DictRow]

# Importing eventsourcing.postgres silences the driver's loggers for the whole process: undo it.
for _name in ("psycopg", "psycopg.pool"):
    logging.getLogger(_name).setLevel(logging.NOTSET)


class LedgerDatastore(PostgresDatastore):
    """At most `max_size` connections to the database of this DSN, opened at the first use."""

    def __init__(self, dsn: str, *, max_size: int) -> None:
        super().__init__(
            *("", "", "", "", ""),  # its pool is never opened, and replaced below
            schema=SCHEMA,
            originator_id_type="text",
        )
        self.pool = ConnectionPool(
            dsn,
            connection_class=psycopg.Connection[DictRow],
            kwargs={
                "row_factory": dict_row,
                "autocommit": True,
                "connect_timeout": CONNECT_TIMEOUT_SECONDS,
                "options": OPTIONS,
                "fallback_application_name": APPLICATION_NAME,
                **KEEPALIVES,
            },
            min_size=1,
            max_size=max_size,
            open=False,
            check=_check,
            timeout=WAIT_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
        )
        self._used_by: dict[int, Connection] = {}

    def register_type_adapters(self) -> None:
        """Do nothing: our recorder needs no types, and construction must not connect."""

    @contextmanager
    def get_connection(self) -> Iterator[Connection]:
        """Yield a connection in autocommit; raises the library's errors."""
        thread = threading.get_ident()
        with super().get_connection() as connection:
            self._used_by[thread] = connection
            try:
                yield connection
            finally:
                self._used_by.pop(thread, None)  # the thread may have used another meanwhile

    def cut(self, thread: int) -> None:
        """Break the connection that this thread uses, if any, so that its wait ends."""
        connection = self._used_by.get(thread)
        if connection is not None and not connection.closed:
            with socket.socket(fileno=os.dup(connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)


def _check(connection: Connection) -> None:
    """Raise OperationalError for a connection that the server has ended.

    An idle connection has nothing to read: the server is asked only when the socket has
    something to read, such as its end.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)
