"""The ordered log for one asyncio process: one connection for appends, a pool for reads.

Rule: after a broken append the caller gets AppendUnresolved and asks by command id; nothing here
retries an append.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool import PoolTimeout

from application import metrics, ports
from application.together import Together
from domain.modes.modes import READ_ONLY_RETRY_SECONDS
from infrastructure.event_store import arrays, statement
from infrastructure.event_store.arrays import Int4Array, TextArray, UuidArray
from infrastructure.postgres.pool import Connection, Pool
from infrastructure.postgres.primary import PrimaryConnection, require_newest

STATEMENT_TIMEOUT_MS = 5_000
CONNECT_TIMEOUT_SECONDS = 3
# Reads of streams under way at the same time.
READS_AT_ONCE = 4
# A server that refuses writes, after a failover or on a full disk, counts as unavailable.
NO_ANSWER = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction)


def _ignored() -> None:
    """Leave it at the answer."""


class NotReplicated(psycopg.OperationalError):
    """A commit is durable on the primary alone: a promotion of its standby would lose it."""


class PostgresEventLog:
    """`application.ports.EventLog` on Postgres; used from one event loop."""

    def __init__(
        self,
        dsn: str,
        pool: Pool,
        on_full_disk: Callable[[], None] = _ignored,
        *,
        carrier: str = "",
    ) -> None:
        self.carrier = carrier
        self._dsn = dsn
        self._pool = pool
        self._on_full_disk = on_full_disk
        self._connection: Connection | None = None
        self._warned = False
        self._appending = asyncio.Lock()
        self._reads = Together(self._read_all, at_once=READS_AT_ONCE)

    async def append(self, batch: ports.Batch) -> ports.Appended:
        """Append the batch in one transaction; the port describes the result."""
        async with self._appending:
            connection = await self._connected()
            if batch.events:
                began = time.perf_counter()
                appended = await self._append_on(connection, batch)
                metrics.APPEND_SECONDS.record(time.perf_counter() - began, self.carrier, "no")
                return appended
            return await self._check_on(connection, batch)

    @asynccontextmanager
    async def locked(self, versions: Mapping[str, int]) -> AsyncIterator["_LockedLog"]:
        """Yield a transaction that holds the log's lock from its first statement to its append."""
        async with self._appending:
            connection = await self._connected()
            log = _LockedLog(self, connection)
            try:
                try:
                    # Inside the try: the lock must be released even if begin cannot decode.
                    await log.begin(versions)
                    yield log
                finally:
                    await log.end()
            except NO_ANSWER as error:
                raise await self._broken(error, unresolved=log.appended) from error

    async def read_after(self, versions: Mapping[str, int]) -> list[ports.RecordedEvent]:
        """Return the events of each stream after its version, in log order."""
        return await self._reads.ask(versions)

    async def _read_all(
        self, asked: Sequence[Mapping[str, int]]
    ) -> Sequence[list[ports.RecordedEvent]]:
        """Return for each caller the events that it asked for, all of one round trip."""
        if len(asked) == 1:
            return [await self._read_after(asked[0])]
        together: dict[str, int] = {}
        for versions in asked:
            for stream, version in versions.items():
                together[stream] = min(version, together.get(stream, version))
        found = await self._read_after(together)
        return [
            [each for each in found if each.version > versions.get(each.stream, each.version)]
            for versions in asked
        ]

    async def _read_after(self, versions: Mapping[str, int]) -> list[ports.RecordedEvent]:
        try:
            async with self._pool.connection() as connection:
                cursor = await _send_read_after(connection, versions)
                return [statement.read_event(row) for row in await cursor.fetchall()]
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise ports.Unavailable("database") from error

    async def find_commands(
        self, ids: Sequence[uuid.UUID]
    ) -> Mapping[uuid.UUID, ports.KnownCommand]:
        """Return those of the commands that are in the log."""
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(
                    statement.FIND_COMMANDS, (UuidArray.of(ids),), prepare=True
                )
                row = await cursor.fetchone()
                assert row is not None
                known = statement.read_known(row[0])
                if known:
                    await _await_standby(connection)
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise ports.Unavailable("database") from error
        return known

    async def read_log(self, *, after: int, limit: int) -> AsyncIterator[ports.RecordedEvent]:
        """Yield events by position, from the first after `after`."""
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(
                    statement.READ_LOG, (after, limit), prepare=True, binary=True
                )
                rows = await cursor.fetchall()
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise ports.Unavailable("database") from error
        for row in rows:
            yield statement.read_event(row)

    async def close(self) -> None:
        """Close the append connection; the caller closes the pool."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _connected(self) -> Connection:
        if self._connection is not None:
            # In a transaction left open, an append would be acknowledged but never committed.
            if self._is_fit(self._connection):
                return self._connection
            await self._connection.close()
            self._connection = None
        try:
            connection = await PrimaryConnection.connect(
                self._dsn,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                # A standby that lags would check a refusal on old state.
                target_session_attrs="read-write",
                # A plan kept from when the log was short would read all of it.
                options="-c enable_seqscan=off -c plan_cache_mode=force_generic_plan "
                f"-c statement_timeout={STATEMENT_TIMEOUT_MS} "
                f"-c lock_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC "
                "-c idle_in_transaction_session_timeout=5000",
            )
        except psycopg.OperationalError as error:
            raise ports.Unavailable("database") from error
        arrays.register(connection.adapters)
        connection.add_notice_handler(self._note)
        self._warned = False
        self._connection = connection
        return connection

    def _is_fit(self, connection: Connection) -> bool:
        """Whether nothing is open on it, no wait for a standby was cut off, and no server newer."""
        try:
            require_newest(connection)
        except psycopg.OperationalError:
            return False
        idle = connection.info.transaction_status is TransactionStatus.IDLE
        return idle and not self._warned

    def _note(self, notice: psycopg.errors.Diagnostic) -> None:
        """Note a warning: a commit whose wait for its standby was cancelled is answered with one.

        It is durable on the primary alone, and a promotion would lose it (PostgreSQL 15, 27.2.8.2).
        """
        self._warned = self._warned or notice.severity_nonlocalized == "WARNING"

    async def _append_on(self, connection: Connection, batch: ports.Batch) -> ports.Appended:
        try:
            cursor = await connection.execute(*statement.append(batch), prepare=True, binary=True)
            return await self._answer(connection, await cursor.fetchone())
        except psycopg.errors.UniqueViolation as error:
            if not statement.is_taken_stream(error):
                raise
            return _taken(batch)
        except NO_ANSWER as error:
            raise await self._broken(error, unresolved=True) from error

    async def _answer(self, connection: Connection, row: tuple[Any, ...] | None) -> ports.Appended:
        """Return the result of a committed append, once the standby has what it answers."""
        if self._warned:
            raise NotReplicated("the wait for the standby was cancelled")
        assert row is not None
        answer = statement.read_answer((row[0], row[1], row[2], row[3]))
        if answer.known and not answer.written:
            await _await_standby(connection)
        return answer

    async def _check_on(self, connection: Connection, batch: ports.Batch) -> ports.Appended:
        try:
            cursor = await connection.execute(
                statement.CHECK, statement.check_parameters(batch), prepare=True, binary=True
            )
            row = await cursor.fetchone()
            assert row is not None
            return await self._answer(connection, (0, False, row[0], row[1]))
        except psycopg.OperationalError as error:
            raise await self._broken(error, unresolved=False) from error

    async def _broken(self, error: psycopg.Error, *, unresolved: bool) -> ports.Unavailable:
        """Return the exception to raise; a connection that failed in this way is not used again."""
        connection, self._connection = self._connection, None
        # An ERROR rolled the transaction back; after a FATAL it may be durable.
        refused_by_server = error.diag.severity_nonlocalized == "ERROR"
        if connection is not None:
            await connection.close()
        if unresolved and not refused_by_server:
            return ports.AppendUnresolved("database")
        if isinstance(error, psycopg.errors.DiskFull):
            self._on_full_disk()
            return ports.Unavailable(
                "disk", retry_after_seconds=READ_ONLY_RETRY_SECONDS, details={"reason": "read_only"}
            )
        return ports.Unavailable("database")


def _taken(batch: ports.Batch) -> ports.Appended:
    """Return a conflict on every stream of the batch: one that it began exists already."""
    begun = {event.stream: -1 for event in batch.events if event.version == 1}
    return ports.Appended(conflicts=begun)


class _LockedLog:
    """The log within one transaction that holds its lock.

    The first and the last statements are sent as one pipeline each: all other processes wait
    during every turn of a busy event loop between lock and commit.
    """

    def __init__(self, log: PostgresEventLog, connection: Connection) -> None:
        self._log = log
        self._connection = connection
        self._open = False
        self.appended = False
        self.news: list[ports.RecordedEvent] = []

    async def begin(self, versions: Mapping[str, int]) -> None:
        """Begin, lock and catch up."""
        began = time.perf_counter()
        async with self._connection.pipeline():
            await self._connection.execute("BEGIN")
            self._open = True
            await self._connection.execute(statement.LOCK, prepare=True)
            cursor = await _send_read_after(self._connection, versions)
        metrics.LOCK_WAIT_SECONDS.record(time.perf_counter() - began, self._log.carrier)
        self.news = [statement.read_event(row) for row in await cursor.fetchall()]

    async def read_after(self, versions: Mapping[str, int]) -> list[ports.RecordedEvent]:
        """See the port."""
        cursor = await _send_read_after(self._connection, versions)
        return [statement.read_event(row) for row in await cursor.fetchall()]

    async def append(self, batch: ports.Batch) -> ports.Appended:
        """Append and commit; a taken stream rolls back and is returned as a conflict."""
        self.appended = True
        began = time.perf_counter()
        try:
            async with self._connection.pipeline():
                cursor = await self._connection.execute(
                    *statement.append(batch), prepare=True, binary=True
                )
                await self._connection.execute("COMMIT")
        except psycopg.errors.UniqueViolation as error:
            if not statement.is_taken_stream(error):
                raise
            return _taken(batch)
        self._open = False
        metrics.APPEND_SECONDS.record(time.perf_counter() - began, self._log.carrier, "yes")
        return await self._log._answer(self._connection, await cursor.fetchone())

    async def end(self) -> None:
        """Roll back what was not committed."""
        if self._open and not self._connection.closed:
            await self._connection.execute("ROLLBACK")


async def _await_standby(connection: Connection) -> None:
    """Wait until the standby has all that this connection can see.

    A primary that was restarted without its standby shows commits that only it has. Raises
    NotReplicated where the wait was cancelled: the server then reports success, with a warning.
    """
    warnings: list[str | None] = []

    def note(notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            warnings.append(notice.message_primary)

    connection.add_notice_handler(note)
    try:
        await connection.execute(statement.AWAIT_STANDBY)
    finally:
        connection.remove_notice_handler(note)
    if warnings:
        raise NotReplicated("the wait for the standby was cancelled")


async def _send_read_after(
    connection: Connection, versions: Mapping[str, int]
) -> psycopg.AsyncCursor[tuple[Any, ...]]:
    return await connection.execute(
        statement.READ_AFTER,
        (TextArray.of(list(versions)), Int4Array.of(list(versions.values()))),
        prepare=True,
        binary=True,
    )
