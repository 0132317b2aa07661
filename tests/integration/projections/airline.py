"""The test airline on a database with read models, one flight on sale and a clock of its own."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import conninfo

from infrastructure.event_store import codec
from infrastructure.postgres import roles
from projections import runner
from projections.projection import Projection
from projections.registry import ALL
from tests.support import event_samples
from tests.support.airline import expire
from tests.support.memory_log import Clock
from tests.support.postgres_airline import PostgresAirline, postgres_airline
from tests.support.servers import TestDatabase

START = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
# 23:30 UTC is the next day in Riyadh already.
DEPARTURE = dt.datetime(2026, 12, 23, 23, 30, tzinfo=dt.UTC)
LOCAL_DATE = dt.date(2026, 12, 24)
FLIGHT = "flight-XX1-2026-12-24"
FARE = 40_000
_APPEND = (
    "SELECT ledger.append(ARRAY[gen_random_uuid()], ARRAY[''::bytea], ARRAY['{}'::bytea], "
    "ARRAY['test'], ARRAY['test'], ARRAY[NULL::uuid], %s, %s, %s, %s::bytea[], %s, "
    "'{}'::text[], '{}'::int[], '{}'::uuid[], '{}', '{}', '{}', '{}'::bytea[])"
)
NUMBER_LENGTH = 6


class Airline(PostgresAirline):
    """Verbs on the flight, and what read models make of them."""

    clock: Clock
    database: TestDatabase

    @property
    def projector_dsn(self) -> str:
        """The projector's login."""
        return conninfo.make_conninfo(self.database.owner_dsn, user=roles.PROJECTOR_LOGIN)

    async def put_on_sale(self, number: str = "XX1", seats: int = 100) -> str:
        """A flight of one cabin; its stream."""
        flight: str = await self.schedule(number, seats=seats, fare=FARE, departs_at=DEPARTURE)
        return flight

    async def reserve(self, flight: str = FLIGHT, *, seats: int = 1, owner: str = "user_1") -> str:
        """Hold seats for so many adults; the booking."""
        booking: str = await self.book(flight, *("ADT",) * seats, owner=owner)
        return booking

    async def sell(self, flight: str = FLIGHT) -> str:
        """Reserve, pay, confirm; the booking."""
        booking: str = await self.ticketed(flight)
        return booking

    async def lapse(self, booking: str) -> None:
        """Let the hold lapse."""
        self.clock.advance(dt.timedelta(hours=2))
        await self.submit(expire(booking))

    async def append_every_form(self) -> None:
        """One stream for each sample of an event: the events before it, then the sample."""
        await asyncio.to_thread(_append_every_form, self.database.owner_dsn)

    async def catch_up(self, projections: Iterable[Projection] = tuple(ALL.values())) -> None:
        """Bring read models to the end of the log."""
        for projection in projections:
            await asyncio.to_thread(runner.catch_up, self.projector_dsn, projection)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of a query as the owner of the database."""
        with psycopg.connect(self.database.owner_dsn, autocommit=True) as connection:
            cursor = connection.execute(sql.encode(), parameters)
            return cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def running_airline(database: TestDatabase) -> AsyncIterator[Airline]:
    """An airline with its read models made and one flight on sale."""
    async with postgres_airline(database.app_dsn, clock=Clock(START), kind=Airline) as airline:
        airline.database = database
        await asyncio.to_thread(runner.prepare_all, airline.projector_dsn)
        await airline.put_on_sale()
        yield airline


def dump(database: TestDatabase, schema: str) -> dict[str, bytes]:
    """The bytes of every table of a schema, in the order of its columns."""
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)
        ).fetchall()
        dumped = {}
        for (table,) in tables:
            copy = f"COPY (SELECT * FROM {schema}.{table} AS each ORDER BY each) TO STDOUT"
            with connection.cursor().copy(copy.encode()) as lines:
                dumped[table] = b"".join(bytes(line) for line in lines)
        return dumped


def _append_every_form(owner_dsn: str) -> None:
    """By one command for all streams, which takes a third of the time of one for each."""
    events = [
        (f"{sample.tag.partition('.')[0]}-SAMPLE-{number:0{NUMBER_LENGTH}}", version, number, event)
        for number, sample in enumerate(event_samples.all_samples())
        for version, event in enumerate([*event_samples.preceding(sample), sample], start=1)
    ]
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute(
            _APPEND,
            (
                [stream for stream, _, _, _ in events],
                [version for _, version, _, _ in events],
                [event.tag for _, _, _, event in events],
                [_unique(codec.encode(event), number) for _, _, number, event in events],
                [0] * len(events),
            ),
        )


def _unique(payload: bytes, number: int) -> bytes:
    """Make ids of Stripe and ours unique in the whole log, not only in their stream."""
    names = ("attempt", "refund", "intent", "charge", "dispute", "warning")
    for shared in (event_samples.TEXTS[name] for name in names):
        payload = payload.replace(f'"{shared}"'.encode(), f'"{shared}-{number}"'.encode())
    return payload
