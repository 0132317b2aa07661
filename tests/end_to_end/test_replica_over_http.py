"""A web process with a replica: lists and searches are read there, own writes are never missed."""

import asyncio
import datetime as dt
import os
import signal
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import msgspec
import psycopg
from prometheus_client.parser import text_string_to_metric_families

from application import metrics
from infrastructure.embedded.standby_server import EmbeddedStandby
from infrastructure.postgres import roles
from infrastructure.postgres.replica import APPLICATION_NAME
from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.running_system import System
from tests.support.stored_log import WAIT_SECONDS

pytestmark = running_system.ONE_PROCESS

STANDBY = "ais_reads"
SETTINGS = {"shared_buffers": "32MB", "max_wal_size": "512MB"}
# The last statement of each connection for reads that may lag.
DAYS = "from=2026-01-01&to=2026-12-31"
OF_FINANCE = (
    *("/api/ledger/unapplied-funds", "/api/ledger/owed-money", "/api/ledger/failed-refunds"),
    *("/api/ledger/trial-balance", "/api/ledger/entries", "/api/ledger/open-items"),
    *("/api/ledger/deferred-revenue", "/api/ledger/airport-charges"),
    *(f"/api/ledger/vat-return?{DAYS}", f"/api/ledger/export?format=csv&{DAYS}"),
    f"/api/ledger/accounts/1010/statement?currency=SAR&{DAYS}",
    "/api/ledger/tax-documents?month=2026-11",
    *("/api/admin/settlement/payouts", "/api/admin/settlement/balance"),
    *("/api/admin/settlement/breaks", "/api/admin/open-claims", "/api/admin/disputes"),
    *("/api/admin/external-refunds", "/api/admin/credit-payouts"),
    *("/api/admin/unfinished-attempts", "/api/admin/unconfirmed-payments"),
)
OF_OPERATIONS = (
    *("/api/admin/unanswered-moves", "/api/admin/unanswered-cancellations"),
    *("/api/admin/oversold-flights", "/api/admin/overdue-flights"),
)
OF_CUSTOMERS = ("/api/credits", "/api/gift-cards", "/api/bookings")
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
) -> AsyncIterator[tuple[httpx.AsyncClient, System]]:
    """A client of one more process, which reads from the standby, and that process."""
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
            yield client, second


def _reads(second: System) -> dict[tuple[str, str], float]:
    """How many reads that may lag were made where, and why on the primary."""
    url = f"http://127.0.0.1:{second.metrics_ports['serve']}/metrics"
    with urllib.request.urlopen(url, timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {
            (each.labels["place"], each.labels["reason"]): each.value
            for family in families
            for each in family.samples
            if each.name == metrics.REPLICA_READS.name
        }


async def _read_every_list(
    client: httpx.AsyncClient, second: System, system: System, customer: Customer
) -> None:
    """Each list and report can be read by the login of the replica, and is read there."""
    before = _reads(second)
    lists = 0
    finance = await customers.staff(system, client, "finance")
    operations = await customers.staff(system, client, "ops")
    asked = ((finance, OF_FINANCE), (operations, OF_OPERATIONS), (customer, OF_CUSTOMERS))
    for caller, paths in asked:
        for path in paths:
            answer = await client.get(path, headers=caller.headers)
            assert answer.status_code == 200, (path, answer.text)
            lists += 1
    after = _reads(second)
    assert after.get(("primary", "failed"), 0) == 0
    assert after["replica", ""] - before.get(("replica", ""), 0) >= lists


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
        async with _reading_from(standby, system) as (client, second):
            elsewhere = msgspec.structs.replace(customer, client=client)
            assert (await _listed(client, customer))[0] == set()
            await _search(client)
            assert "read_model.flight_availability" in _statements(standby)
            await _read_every_list(client, second, system, customer)

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
