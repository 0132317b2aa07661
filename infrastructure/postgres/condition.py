"""What a login finds of its server and of the schema: for `ais doctor`."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row

from application.coordination import Lock
from application.ports import Unavailable

CONNECT_SECONDS = 5
STATEMENT_TIMEOUT = "SET statement_timeout = 5000"

_SERVER = """
SELECT current_setting('server_version_num')::int AS version,
       current_user::text AS login,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_superuser,
       pg_is_in_recovery() AS is_standby,
       getdatabaseencoding()::text AS encoding,
       current_setting('fsync') = 'on' AS flushes,
       current_setting('full_page_writes') = 'on' AS writes_full_pages,
       current_setting('synchronous_commit') AS synchronous_commit,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
           AS connections,
       current_setting('max_connections')::int AS connection_limit,
       to_regclass('ledger.event') IS NOT NULL AS has_log,
       to_regprocedure('ledger.applied_migrations()') IS NOT NULL AS has_history,
       clock_timestamp() AS now
"""
_RIGHTS = """
SELECT has_table_privilege('ledger.event', 'SELECT') AS may_read,
       has_table_privilege('ledger.event', 'INSERT')
       OR has_table_privilege('ledger.event', 'UPDATE')
       OR has_table_privilege('ledger.event', 'DELETE')
       OR has_table_privilege('ledger.event', 'TRUNCATE') AS may_change,
       coalesce((SELECT bool_and(has_function_privilege(p.oid, 'EXECUTE'))
                 FROM pg_proc AS p WHERE p.pronamespace = 'ledger'::regnamespace
                 AND p.proname = 'append'), false) AS may_append,
       (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'ledger.event'::regclass
        AND tgname = 'append_only' AND tgenabled = 'A') = 1 AS is_append_only
"""
_HISTORY = "SELECT number, checksum FROM ledger.applied_migrations()"
_FOLLOWING = """
SELECT EXISTS (SELECT FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
               WHERE d.datname = current_database() AND l.locktype = 'advisory'
               AND l.classid = 0 AND l.objid = %(lock)s AND l.objsubid = 1 AND l.granted),
       (SELECT coalesce(max(position), 0) FROM ledger.event)
       - coalesce((SELECT position FROM process.checkpoint WHERE name = 'processes'), 0)
"""

_STANDBY = """
SELECT current_user::text AS login, pg_is_in_recovery() AS is_standby,
       (SELECT system_identifier FROM pg_control_system()) AS cluster,
       current_database()::text AS database,
       (SELECT coalesce(max(position), 0) FROM ledger.event) AS head,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
       OR has_table_privilege('ledger.command', 'SELECT') AS may_more
"""
_LACKING = """
SELECT (SELECT system_identifier FROM pg_control_system()), current_database()::text,
       greatest(coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT recorded_at FROM ledger.event WHERE position = %s + 1)), 0), 0)::float8
"""


class Server(msgspec.Struct, frozen=True):
    """The server as a login sees it. `version` is its number, such as 150004 for 15.4."""

    version: int
    login: str
    is_superuser: bool
    is_standby: bool
    encoding: str
    flushes: bool
    writes_full_pages: bool
    synchronous_commit: str
    connections: int
    connection_limit: int
    has_log: bool
    has_history: bool
    now: dt.datetime


class Rights(msgspec.Struct, frozen=True):
    """What a login may do with the log, and whether the log refuses changes of its owner, too."""

    may_read: bool
    may_change: bool
    may_append: bool
    is_append_only: bool


class Condition(msgspec.Struct, frozen=True):
    """The server, how far its clock is ahead of ours in seconds, and the schema.

    `rights` is None and `history` is empty without a log; `history` is None in a schema that does
    not tell it yet. `history` has the checksum of each applied migration by its number.
    """

    server: Server
    clock_ahead_seconds: float
    rights: Rights | None = None
    history: Mapping[int, str] | None = None


def read_condition(dsn: str) -> Condition:
    """Return what this login finds; raises Unavailable with the reason."""
    with connected(dsn) as connection:
        cursor = connection.cursor(row_factory=class_row(Server))
        before = dt.datetime.now(dt.UTC)
        server = cursor.execute(_SERVER).fetchone()
        after = dt.datetime.now(dt.UTC)
        assert server is not None
        ahead = (server.now - (before + (after - before) / 2)).total_seconds()
        if not server.has_log:
            return Condition(server, ahead, history={})
        rights = connection.cursor(row_factory=class_row(Rights)).execute(_RIGHTS).fetchone()
        history = None
        if server.has_history:
            history = dict[int, str](connection.execute(_HISTORY).fetchall())
        return Condition(server, ahead, rights, history)


def read_following(dsn: str) -> tuple[bool, int]:
    """Return whether a scheduler leads, and how many events processes are behind the log.

    Raises Unavailable.
    """
    with connected(dsn) as connection:
        row = connection.execute(_FOLLOWING, {"lock": int(Lock.SCHEDULER_LEADER)}).fetchone()
    assert row is not None
    return bool(row[0]), int(row[1])


class ReplicaServer(msgspec.Struct, frozen=True):
    """A server that reads may go to; `may_more` is whether its login reads more than they need."""

    login: str
    is_standby: bool
    cluster: int
    database: str
    head: int
    may_more: bool


def read_replica_server(dsn: str) -> ReplicaServer:
    """Return what this login finds of a standby; raises Unavailable with the reason."""
    with connected(dsn) as connection:
        found = connection.cursor(row_factory=class_row(ReplicaServer)).execute(_STANDBY).fetchone()
    assert found is not None
    return found


def read_lag(dsn: str, head: int) -> tuple[int, str, float]:
    """Return cluster and database of the primary, and the age in seconds of the event after `head`.

    Raises Unavailable.
    """
    with connected(dsn) as connection:
        row = connection.execute(_LACKING, (head,)).fetchone()
    assert row is not None
    return int(row[0]), str(row[1]), float(row[2])


@contextmanager
def connected(dsn: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Connect for a few short reads; raises Unavailable with the reason."""
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
            connection.execute(STATEMENT_TIMEOUT)
            yield connection
    except psycopg.Error as error:
        reason = (str(error).splitlines() or [""])[0]
        raise Unavailable(f"{type(error).__name__}: {reason}") from None
