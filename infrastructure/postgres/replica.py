"""A standby that reads may go to, watched: how far it is, and whether it is well.

It is left out when it does not answer, is no standby of the same cluster and database, lags too
much, or a read of it failed; and used again once two looks in a row find it well. Each change is
logged once.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal

import msgspec
import psycopg
from psycopg import conninfo
from psycopg_pool import PoolTimeout

from application import metrics, telemetry
from infrastructure.postgres.pool import Pool, make_pool
from infrastructure.postgres.silence import BoundedConnection

APPLICATION_NAME = "ais lagging reads"
# A request that waits for its own write is told by the next look.
LOOK_SECONDS = 0.5
HURRIED_LOOK_SECONDS = 0.02
REPLY_SECONDS = 2.0
GOOD_LOOKS = 2
# After a read failed, the replica rests for so long, and doubly so after each failure in a minute.
REST_FIRST_SECONDS = 1.0
REST_LAST_SECONDS = 60.0

State = Literal["up", "lagging", "down"]

_LOOK = """
SELECT pg_is_in_recovery() AS is_standby,
       (SELECT system_identifier FROM pg_control_system()) AS cluster,
       current_database()::text AS database,
       coalesce((SELECT max(position) FROM ledger.event), 0) AS head,
       coalesce((SELECT json_object_agg(g.projection, c.position)
                 FROM projections.current_generation AS g
                 JOIN projections.checkpoint AS c USING (projection, generation)
                ), '{}') AS positions
"""
_MISSED = """
SELECT (SELECT system_identifier FROM pg_control_system()), current_database()::text,
       greatest(coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT recorded_at FROM ledger.event WHERE position = %s + 1)), 0), 0)::float8
"""

logger = logging.getLogger(__name__)


class _Quick(BoundedConnection):
    reply_seconds = REPLY_SECONDS


class Look(msgspec.Struct, frozen=True):
    """The replica at a look: `positions` has the one of each read model."""

    is_standby: bool
    cluster: int
    database: str
    head: int
    positions: Mapping[str, int]


class Replica:
    """The pool of the replica with what is known of it. Used from one event loop only."""

    def __init__(
        self,
        dsn: str,
        primary: Pool,
        *,
        max_lag_seconds: float,
        good_looks: int = GOOD_LOOKS,
        carrier: str = "",
    ) -> None:
        self.carrier = carrier
        named = conninfo.make_conninfo(dsn, application_name=APPLICATION_NAME)
        self.pool = make_pool(named, min_size=0, connection_class=BoundedConnection)
        self._dsn = named
        self._primary = primary
        self._max_lag_seconds = max_lag_seconds
        self._connection: _Quick | None = None
        self._state: State = "down"
        self._was_looked_at = False
        self._positions: Mapping[str, int] = {}
        self._head = 0
        self._lag_seconds = 0.0
        self._compared_at = time.monotonic()
        self._wanted_looks = good_looks
        self._good_looks = 0
        self._rest_seconds = REST_FIRST_SECONDS
        self._rests_until = 0.0
        self._waiting = 0
        self._hurry = asyncio.Event()
        self._looked = asyncio.Condition()
        # Done while it is left out: a read under way does not wait for a server that is gone.
        self._left_out: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left_out.set_result(None)

    @property
    def state(self) -> State:
        """Return whether reads go to it, and if not whether it lags or something else is wrong."""
        return self._state

    @property
    def left_out(self) -> asyncio.Future[None]:
        """Return what is done as soon as it is left out."""
        return self._left_out

    @property
    def lag_seconds(self) -> float:
        """Return the age of the oldest event that it may lack."""
        return self._lag_seconds

    async def looked_at(self) -> None:
        """Wait until it is known whether it is well."""
        async with self._looked:
            while not self._was_looked_at:
                await self._looked.wait()

    def has(self, position: int) -> bool:
        """Return whether it is well, and its log is known to have the position."""
        return self._state == "up" and position <= self._head

    async def reached(self, read_model: str, position: int, *, seconds: float) -> bool:
        """Return whether the read model contains the log up to the position, now or soon."""
        if self._positions.get(read_model, -1) >= position:
            return True
        self._waiting += 1
        self._hurry.set()
        try:
            async with asyncio.timeout(seconds), self._looked:
                while self._state == "up" and self._positions.get(read_model, -1) < position:
                    await self._looked.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return self._state == "up"

    def failed(self, error: Exception) -> None:
        """Leave it out for a while after a read of it failed."""
        now = time.monotonic()
        if self._state != "up":
            return
        if now > self._rests_until + REST_LAST_SECONDS:
            self._rest_seconds = REST_FIRST_SECONDS
        self._rests_until = now + self._rest_seconds
        self._rest_seconds = min(2 * self._rest_seconds, REST_LAST_SECONDS)
        self._leave_out("down", f"a read failed: {type(error).__name__}")

    async def watch(self) -> None:
        """Look at it until cancelled."""
        while True:
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - unwatched, it must not be read from
                telemetry.report(error)
                self._leave_out("down", f"a look failed: {type(error).__name__}")
            async with self._looked:
                self._looked.notify_all()
            if self._waiting:
                await asyncio.sleep(HURRIED_LOOK_SECONDS)
                continue
            self._hurry.clear()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._hurry.wait()
            except TimeoutError:
                continue

    async def close(self) -> None:
        """Close all connections to it."""
        if self._connection is not None:
            await self._connection.close()
        await self.pool.close()

    async def _look(self) -> None:
        try:
            found = await self._asked()
        except (psycopg.Error, OSError) as error:
            await self._disconnect()
            self._leave_out("down", f"a look failed: {type(error).__name__}")
            return
        place = await self._compare(found.head)
        self._positions = found.positions
        self._head = found.head
        metrics.REPLICA_LAG.set(self._lag_seconds, self.carrier)
        if not found.is_standby:
            self._leave_out("down", "it is no standby")
        elif place is not None and place[0] != found.cluster:
            self._leave_out("down", "it is of another cluster")
        elif place is not None and place[1] != found.database:
            # Logins are those of the whole cluster: it could be the database of another carrier.
            self._leave_out("down", "it is another database of the cluster")
        elif self._lag_seconds > self._max_lag_seconds:
            self._leave_out("lagging", f"it lags {self._lag_seconds:.0f} s")
        else:
            self._take_back()

    async def _asked(self) -> Look:
        if self._connection is None or self._connection.closed:
            self._connection = await _Quick.connect(
                self._dsn, autocommit=True, connect_timeout=int(REPLY_SECONDS)
            )
        cursor = await self._connection.execute(_LOOK)
        row = await cursor.fetchone()
        assert row is not None
        return Look(*row)

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _compare(self, head: int) -> tuple[int, str] | None:
        """Measure the lag by the primary's log; return the primary's cluster and database.

        None while the primary does not answer: it may then have gone on since the last time.
        """
        now = time.monotonic()
        try:
            async with self._primary.connection(timeout=REPLY_SECONDS) as connection:
                row = await (await connection.execute(_MISSED, (head,))).fetchone()
        except (psycopg.OperationalError, PoolTimeout):
            self._lag_seconds += now - self._compared_at
            self._compared_at = now
            return None
        assert row is not None
        self._compared_at = now
        self._lag_seconds = row[2]
        return int(row[0]), str(row[1])

    def _take_back(self) -> None:
        if self._state == "up":
            return
        if self._state == "lagging" and self._lag_seconds > self._max_lag_seconds / 2:
            return
        self._good_looks += 1
        if self._good_looks < self._wanted_looks or time.monotonic() < self._rests_until:
            return
        self._state = "up"
        level = logging.WARNING if self._was_looked_at else logging.INFO
        logger.log(level, "replica: used for reads that may lag")
        self._was_looked_at = True
        self._left_out = asyncio.get_running_loop().create_future()
        metrics.REPLICA_USED.set(1, self.carrier)

    def _leave_out(self, state: State, reason: str) -> None:
        self._good_looks = 0
        metrics.REPLICA_USED.set(0, self.carrier)
        if self._state == "up" or not self._was_looked_at:
            logger.warning("replica: left out, because %s", reason)
        self._was_looked_at = True
        self._state = state
        if not self._left_out.done():
            self._left_out.set_result(None)


@asynccontextmanager
async def open_replica(
    dsn: str,
    primary: Pool,
    *,
    max_lag_seconds: float,
    good_looks: int = GOOD_LOOKS,
    carrier: str = "",
) -> AsyncIterator[Replica]:
    """Watch the replica within; one that is away delays nothing.

    `good_looks` in a row have to find it well before it is used.
    """
    replica = Replica(
        dsn, primary, max_lag_seconds=max_lag_seconds, good_looks=good_looks, carrier=carrier
    )
    await replica.pool.open()
    watching = asyncio.create_task(replica.watch(), name="watch of the replica")
    try:
        yield replica
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await replica.close()
