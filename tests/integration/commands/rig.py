"""Dispatchers on a real log, and the commands that the tests submit."""

import asyncio
import datetime as dt
import os
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psycopg

from application import ports
from application.booking.create_booking import CreateBooking
from application.commands.command import Command, CommandEnvelope, Outcome
from application.commands.dispatcher import Dispatcher
from application.inventory.schedule_flight import ScheduleFlight
from application.pricing.journeys import WantedSegment
from domain.booking.values import Passenger
from domain.inventory.events import CapacityMove, FareClass, FlightScheduled
from domain.kernel import ids, money, sealed
from infrastructure.event_store.log import PostgresEventLog
from infrastructure.postgres import pool as pools

DEADLINE_SECONDS = 60.0


class RunningBus(msgspec.Struct, frozen=True):
    """One process as the log sees it: a dispatcher with connections of its own."""

    dispatcher: Dispatcher
    log: PostgresEventLog
    pool: pools.Pool

    async def submit(self, command: Command, **sent: Any) -> Outcome:
        """Carry it out."""
        return await self.dispatcher.submit(envelope(command, **sent))


def clock() -> dt.datetime:
    """The current instant."""
    return dt.datetime.now(dt.UTC)


@asynccontextmanager
async def running_bus(
    dsn: str,
    *,
    now: ports.Clock = clock,
    **limits: int,
) -> AsyncIterator[RunningBus]:
    """A started dispatcher; stopped at the end."""
    pool = pools.make_pool(dsn)
    await pool.open()
    log = PostgresEventLog(dsn, pool)
    dispatcher = Dispatcher(
        log=log,
        clock=now,
        random_bytes=os.urandom,
        **limits,
    )
    dispatcher.start()
    try:
        yield RunningBus(dispatcher, log, pool)
    finally:
        await dispatcher.stop()
        await log.close()
        await pool.close()


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


def departure(number: str, *, seats: int, fare: int = 40_000) -> ScheduleFlight:
    """Put a flight of one cabin on sale, a month from now."""
    departs_at = clock().replace(microsecond=0) + dt.timedelta(days=30)
    return ScheduleFlight(
        flight_id=ids.flight_stream(number, departs_at.date().isoformat()),
        scheduled=FlightScheduled(
            number=number,
            origin="RUH",
            destination="JED",
            origin_zone="Asia/Riyadh",
            destination_zone="Asia/Riyadh",
            departs_at=departs_at,
            arrives_at=departs_at + dt.timedelta(hours=2),
            domestic=True,
            fares=(FareClass("Y", "Y", money.Money(fare, "SAR")),),
            moves=(CapacityMove("Y", authorised=seats),),
        ),
    )


async def put_on_sale(
    bus: RunningBus, *, seats: int, number: str = "SV1", fare: int = 40_000
) -> str:
    """The stream of a fresh flight."""
    scheduled = departure(number, seats=seats, fare=fare)
    await bus.submit(scheduled)
    return scheduled.flight_id


def booking(flight: str, *, owner: str = "user_1") -> CreateBooking:
    """One adult."""
    subject = "sub_" + os.urandom(13).hex()
    box = sealed.Sealed(subject, os.urandom(60))
    return CreateBooking(
        owner=owner,
        wanted=(WantedSegment(flight, "Y"),),
        passengers=(Passenger("ADT", box),),
        contact=box,
        keys=(ports.WrappedKey(subject, os.urandom(60)),),
    )


async def outcomes(waiting: Sequence[Any]) -> list[Outcome | BaseException]:
    """What each came to, errors included."""
    found: list[Outcome | BaseException] = await asyncio.gather(*waiting, return_exceptions=True)
    return found


def errors_of(found: Sequence[Any]) -> list[BaseException]:
    """Those that failed."""
    return [each for each in found if isinstance(each, BaseException)]


def answered(found: Sequence[Any]) -> list[Outcome]:
    """Those that have an answer."""
    return [each for each in found if isinstance(each, Outcome)]


def accepted(found: Sequence[Any]) -> list[Outcome]:
    """Those that were carried out now."""
    return [each for each in found if isinstance(each, Outcome) and not each.replayed]


def replays(found: Sequence[Any]) -> list[Outcome]:
    """Those that were carried out before."""
    return [each for each in found if isinstance(each, Outcome) and each.replayed]


def count(dsn: str, tag: str) -> int:
    """Events of the tag in the log."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM ledger.event WHERE tag = %s", (tag,)
        ).fetchone()
    assert row is not None
    return int(row[0])


def seats(dsn: str, flight: str) -> tuple[int, int, int]:
    """Authorised, held and sold, as the database counts them."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT authorised, held, sold FROM ledger.capacity WHERE flight = %s", (flight,)
        ).fetchone()
    assert row is not None
    found: tuple[int, int, int] = row
    return found
