"""The test airline on Postgres: verbs are awaited; a real dispatcher appends to a real log."""

import asyncio
import datetime as dt
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from application import ports
from application.commands import stream_kinds
from application.commands.command import Command, CommandEnvelope, Outcome
from application.commands.dispatcher import Dispatcher
from infrastructure.event_store.log import PostgresEventLog
from infrastructure.postgres import pool as pools
from tests.support.airline import Airline, Steps

DEADLINE_SECONDS = 60.0


def utc_now() -> dt.datetime:
    """The current instant."""
    return dt.datetime.now(dt.UTC)


def envelope(
    command: Command,
    *,
    id: uuid.UUID | None = None,
    fingerprint: bytes = b"f",
    seconds: float = DEADLINE_SECONDS,
) -> CommandEnvelope:
    """A command with an envelope of a customer."""
    return CommandEnvelope(
        id=id or uuid.uuid4(),
        command=command,
        actor="customer:user_1",
        correlation_id="c-1",
        deadline=asyncio.get_running_loop().time() + seconds,
        fingerprint=fingerprint,
    )


class PostgresAirline(Airline):
    """One process as the log sees it: a dispatcher with connections of its own."""

    def __init__(
        self, log: PostgresEventLog, pool: pools.Pool, clock: ports.Clock, **limits: int
    ) -> None:
        super().__init__(clock)
        self.log = log
        self.pool = pool
        self.dispatcher = Dispatcher(log=log, clock=clock, random_bytes=os.urandom, **limits)

    async def submit(self, command: Command, **sent: Any) -> Outcome:
        """Carry a command out; raises its rejection."""
        return await self.dispatcher.submit(envelope(command, **sent))

    async def carry_out(self, steps: Steps) -> Any:
        """Run the steps to their end; the result of the verb."""
        answer: Any = None
        while True:
            try:
                wanted = steps.send(answer)
            except StopIteration as end:
                return end.value
            if isinstance(wanted, str):
                kind = stream_kinds.kind_of(wanted)
                answer = (await self.dispatcher.current(kind, wanted))[0]
            else:
                answer = await self.submit(wanted)


Kind = TypeVar("Kind", bound=PostgresAirline)


@asynccontextmanager
async def postgres_airline(
    dsn: str,
    *,
    clock: ports.Clock = utc_now,
    kind: type[Kind] = PostgresAirline,  # type: ignore[assignment]  # a default for a type variable
    **limits: int,
) -> AsyncIterator[Kind]:
    """An airline whose dispatcher runs; stopped at the end. `limits` are the dispatcher's."""
    pool = pools.make_pool(dsn)
    await pool.open()
    log = PostgresEventLog(dsn, pool)
    airline = kind(log, pool, clock, **limits)
    airline.dispatcher.start()
    try:
        yield airline
    finally:
        await airline.dispatcher.stop()
        await log.close()
        await pool.close()
