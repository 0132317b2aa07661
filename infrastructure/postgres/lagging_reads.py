"""Chooses for each read that may lag between the replica and the primary.

The replica answers where it is well and its read model contains the position that the request needs
(`application.read_positions`); it is waited for briefly. Otherwise, and where a read of the replica
fails, the primary answers. What a client named and the log does not have is not waited for, so that
nobody can make reads slow by naming positions.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, ParamSpec, TypeVar

import psycopg
from psycopg_pool import PoolTimeout

from application import metrics, read_positions
from application.ports import Unavailable
from application.read_positions import UNKNOWN, LastWrites, Reading
from application.together import Together
from infrastructure.postgres.pool import Pool
from infrastructure.postgres.replica import Replica

Parameters = ParamSpec("Parameters")
Found = TypeVar("Found")

# How long the replica is waited for, and then the read model of the primary.
REPLICA_SECONDS = 0.25
PRIMARY_SECONDS = 2.0
PRIMARY_PAUSE_SECONDS = 0.02

_REACHED = """
SELECT coalesce((SELECT c.position FROM projections.current_generation AS g
                 JOIN projections.checkpoint AS c USING (projection, generation)
                 WHERE g.projection = %s), 0),
       coalesce((SELECT max(position) FROM ledger.event), 0)
"""
_HEAD = "SELECT coalesce(max(position), 0) FROM ledger.event"


class PrimaryReads:
    """Reads of the primary's read models once they contain what a request needs.

    `last_writes` are those of the users of this process, None where they need not be known.
    """

    def __init__(self, primary: Pool, last_writes: LastWrites | None = None) -> None:
        self._primary = primary
        self._last_writes = last_writes
        # The log is at least that long.
        self._known_head = 0
        # One query for all who ask while another runs, however many positions clients name.
        self._head = Together(self._heads, at_once=1)

    def awaited(
        self, read_model: str, read: Callable[Parameters, Awaitable[Found]]
    ) -> Callable[Parameters, Coroutine[Any, Any, Found]]:
        """Return the read of this read model, made once that contains what the request needs."""

        async def ask(*args: Parameters.args, **named: Parameters.kwargs) -> Found:
            await self._await_primary(read_model, await self.position_needed())
            return await read(*args, **named)

        return ask

    async def position_needed(self) -> int:
        """Return the position that the reads of the request under way contain; 0 for any."""
        reading = read_positions.current()
        return 0 if reading is None else await self._needed(reading)

    async def _needed(self, reading: Reading) -> int:
        named, reading.named = reading.named, ()
        for position in named:
            if await self._may_have(position):
                reading.require(position)
        if self._last_writes is not None and reading.user and not reading.asked_for_last_writes:
            reading.asked_for_last_writes = True
            reading.require(await self._last_writes.position_of(reading.user))
        return reading.at_least

    async def _may_have(self, position: int) -> bool:
        """Return whether the log has the position, or the primary does not answer."""
        if position > self._known_head:
            try:
                head = await self._head.ask(None)
            except Unavailable:
                return True
            self._known_head = max(self._known_head, head)
        return position <= self._known_head

    async def _heads(self, asked: Sequence[None]) -> Sequence[int]:
        try:
            async with asyncio.timeout(PRIMARY_SECONDS), self._primary.connection() as connection:
                row = await (await connection.execute(_HEAD)).fetchone()
        except (TimeoutError, psycopg.OperationalError, PoolTimeout) as error:
            raise Unavailable("database") from error
        assert row is not None
        return [row[0]] * len(asked)

    async def _await_primary(self, read_model: str, needed: int) -> None:
        """Wait for the primary's read model, too, while its log is that long: for a moment."""
        if not needed:
            return
        target: int | None = None
        try:
            async with asyncio.timeout(PRIMARY_SECONDS):
                while True:
                    async with self._primary.connection() as connection:
                        cursor = await connection.execute(_REACHED, (read_model,))
                        row = await cursor.fetchone()
                    assert row is not None
                    target = min(needed, row[1]) if target is None else target
                    if row[0] >= target:
                        return
                    await asyncio.sleep(PRIMARY_PAUSE_SECONDS)
        except (TimeoutError, psycopg.OperationalError, PoolTimeout):
            return


class LaggingReads(PrimaryReads):
    """Makes reads on one of both."""

    def __init__(self, primary: Pool, replica: Replica, last_writes: LastWrites) -> None:
        super().__init__(primary, last_writes)
        self._replica = replica

    def routed(
        self,
        read_model: str,
        *,
        replica: Callable[Parameters, Awaitable[Found]],
        primary: Callable[Parameters, Awaitable[Found]],
    ) -> Callable[Parameters, Coroutine[Any, Any, Found]]:
        """Return the read of this read model, made by one of the two functions.

        It raises what they raise; what the one on the replica raises only where the primary raises
        it, too.
        """

        async def ask(*args: Parameters.args, **named: Parameters.kwargs) -> Found:
            reading = read_positions.current()
            if reading is None:
                return await primary(*args, **named)
            reason = await self._reason_for_primary(read_model, reading)
            if reason is None:
                with read_positions.lagging_by(self._replica.lag_seconds):
                    task = asyncio.ensure_future(replica(*args, **named))
                answered, found = await self._outcome(task)
                if answered:
                    metrics.REPLICA_READS.add(self._replica.carrier, "replica", "")
                    return found[0]
                reason = "failed"
            metrics.REPLICA_READS.add(self._replica.carrier, "primary", reason)
            reading.is_primary = True
            return await primary(*args, **named)

        return ask

    async def _reason_for_primary(self, read_model: str, reading: Reading) -> str | None:
        """Return why the primary has to answer, once it can; None where the replica can."""
        if reading.is_primary and not (reading.at_least or reading.named):
            return "pinned"
        needed = await self._needed(reading)
        if needed < UNKNOWN and not reading.is_primary:
            if self._replica.state != "up":
                reason = "left out"
            elif await self._replica.reached(read_model, needed, seconds=REPLICA_SECONDS):
                return None
            else:
                reason = "behind"
        else:
            reason = "pinned"
        await self._await_primary(read_model, needed)
        return reason

    async def _may_have(self, position: int) -> bool:
        return self._replica.has(position) or await super()._may_have(position)

    async def _outcome(self, task: asyncio.Future[Found]) -> tuple[bool, list[Found]]:
        """Return whether the replica answered, and what; what cannot help the primary is raised.

        A task whose server is gone is not waited for: to cancel it would ask that server.
        """
        try:
            await asyncio.wait((task, self._replica.left_out), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # Nobody waits for the answer any more, and it would keep its connection until then.
            task.cancel()
            raise
        if not task.done():
            task.add_done_callback(_ignored)
            return False, []
        try:
            return True, [task.result()]
        except psycopg.errors.QueryCanceled as error:
            # The statement's time was over: on the primary it would be, too.
            raise Unavailable("database") from error
        except (PoolTimeout, Unavailable, psycopg.errors.SerializationFailure):
            # It is busy, a read model has stopped, or the replay needed what the read held
            # (PostgreSQL 15, 27.4.2): no fault of the replica.
            return False, []
        except psycopg.Error as error:
            self._replica.failed(error)
            return False, []


def _ignored(task: asyncio.Future[Found]) -> None:
    if not task.cancelled():
        task.exception()
