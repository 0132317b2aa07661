"""A web process with a replica: lists and searches are read there, own writes are never missed."""

import asyncio
import datetime as dt
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import msgspec
import psycopg

from infrastructure.embedded.standby_server import EmbeddedStandby
from infrastructure.postgres import roles
from infrastructure.postgres.replica import APPLICATION_NAME
from tests.support import running_system
from tests.support.customers import Customer
from tests.support.running_system import System
from tests.support.stored_log import WAIT_SECONDS

pytestmark = running_system.ONE_PROCESS

STANDBY = "ais_reads"
SETTINGS = {"shared_buffers": "32MB", "max_wal_size": "512MB"}
# The last statement of each connection for reads that may lag.
STATEMENTS = (
    "SELECT query FROM pg_stat_activity WHERE application_name = %s AND datname IS NOT NULL"
)


@contextmanager
def _standby(system: System) -> Iterator[EmbeddedStandby]:
    """A standby of the system's database, whose slot ends with it."""
    directory = system.folder / STANDBY
    standby = EmbeddedStandby(
        directory, system.postgres, name=STANDBY, durable=False, settings=SETTINGS
    )
    try:
        with standby:
            standby.await_streaming()
            yield standby
    finally:
        with psycopg.connect(system.owner_dsn, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                "WHERE slot_name = %s",
                (STANDBY,),
            )


@asynccontextmanager
async def _reading_from(
    standby: EmbeddedStandby, system: System
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of one more process, which reads from the standby."""
    changed = {
        "AIS_REPLICA_DATABASE_URL": standby.dsn(user=roles.READER_LOGIN),
        # A slow machine must not be the reason for which it is left out.
        "AIS_REPLICA_MAX_LAG_SECONDS": "120",
    }
    configured = msgspec.structs.replace(system, environment={**system.environment, **changed})
    with running_system.second_process(configured) as second:
        async with httpx.AsyncClient(base_url=second.base_url, timeout=30) as client:
            await running_system.await_ready(client)
            await _replica_is(client, "up")
            yield client


async def _replica_is(client: httpx.AsyncClient, state: str) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while (found := (await client.get("/health/ready")).json())["components"]["replica"] != state:
        assert time.monotonic() < end, found
        await asyncio.sleep(0.05)


async def _search(client: httpx.AsyncClient, **headers: str) -> dict[str, Any]:
    day = (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).date().isoformat()
    question = {"from": "RUH", "to": "JED", "date": day}
    answer = await client.post("/api/flights/search", json=question, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _listed(client: httpx.AsyncClient, customer: Customer) -> tuple[set[str], int]:
    """The customer's bookings as they are listed now, and the position of the answer."""
    answer = await client.get("/api/bookings", headers=customer.headers)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return {each["id"] for each in found["bookings"]}, found["asOfPosition"]


def _statements(standby: EmbeddedStandby) -> str:
    with psycopg.connect(standby.dsn()) as connection:
        rows = connection.execute(STATEMENTS, (APPLICATION_NAME,)).fetchall()
    return " ".join(query for (query,) in rows)


async def test_reads_may_lag_but_a_customer_sees_its_own_booking_and_a_lost_replica_harms_nobody(
    system: System, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=20)
    with _standby(system) as standby:
        standby.await_replay()
        async with _reading_from(standby, system) as client:
            elsewhere = msgspec.structs.replace(customer, client=client)
            assert (await _listed(client, customer))[0] == set()
            await _search(client)
            assert "read_model.flight_availability" in _statements(standby)

            standby.pause_replay()
            booked = await elsewhere.send_booking(flight)
            position = int(booked.headers["x-log-position"])
            own, as_of = await _listed(client, customer)
            assert own == {booked.json()["id"]}
            assert as_of >= position
            behind = await _search(client)
            assert behind["asOfPosition"] < position
            named = await _search(client, **{"x-log-position": str(position)})
            assert named["asOfPosition"] >= position
            standby.resume_replay()

            os.kill(standby.pid, signal.SIGKILL)
            for _ in range(3):
                assert (await _search(client))["asOfPosition"] >= position
                assert (await _listed(client, customer))[0] == own
            await _replica_is(client, "down")
            assert (await client.get("/health/ready")).json()["status"] == "degraded"
            standby.restart_after_kill()
            await _replica_is(client, "up")
            standby.await_replay()
            await _search(client)
            assert "read_model.flight_availability" in _statements(standby)
