"""Read models stop: health is degraded, no old balance is shown, seats are sold all the same, and a
start heals it."""

import asyncio
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from interfaces.cli import demo_stage
from projections.registry import ALL
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

UNKNOWN_EVENT = """
INSERT INTO ledger.event
SELECT max(position) + 1, 'booking-FORGED', 1, 'booking.teleported.1', clock_timestamp(), 'test',
       gen_random_uuid(), 'test', NULL, '{}' FROM ledger.event
"""
FORGET_IT = """
ALTER TABLE ledger.event DISABLE TRIGGER append_only;
DELETE FROM ledger.event WHERE tag = 'booking.teleported.1';
ALTER TABLE ledger.event ENABLE TRIGGER append_only
"""


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """A system of its own: an event that is forged and removed again would mislead the others."""
    with running_system.running_system() as ready:
        yield ready


def _as_owner(system: System, statements: str) -> None:
    with psycopg.connect(system.owner_dsn, autocommit=True) as connection:
        connection.execute(statements.encode())


async def _reaches(client: httpx.AsyncClient, name: str, state: str) -> dict[str, Any]:
    """The health page once the component has this state."""
    async with asyncio.timeout(stored_log.WAIT_SECONDS):
        while True:
            answer = await client.get("/health/ready")
            assert answer.status_code == 200
            page: dict[str, Any] = answer.json()
            if page["components"][name] == state:
                return page
            await asyncio.sleep(0.05)


async def test_a_stopped_ledger_is_shown_and_heals_at_the_next_start(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    await customer.confirmed([running_system.schedule(system, seats=1)])
    await _reaches(client, "ledger_journal", "up")
    balance = await finance.call("GET", "/api/ledger/trial-balance")
    assert balance["balanced"] is True
    assert balance["asOfPosition"] > 0
    assert balance["lagSeconds"] >= 0
    _as_owner(system, UNKNOWN_EVENT)
    try:
        await _stopped(client, finance)
    finally:
        _as_owner(system, FORGET_IT)
    made = await customer.send_booking(running_system.schedule(system, seats=1))
    assert made.status_code == 201, "a process goes on although all its read models have stopped"
    process = running_system.process(system, "projector")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 1
    demo_stage.restart(system, demo_stage.process_of(system.processes, "projector"))
    await running_system.await_ready(client)
    for name in ALL:
        await _reaches(client, name, "up")
    assert (await finance.call("GET", "/api/ledger/trial-balance"))["balanced"] is True


async def _stopped(client: httpx.AsyncClient, finance: Customer) -> None:
    assert (await _reaches(client, "ledger_journal", "stopped"))["status"] == "degraded"
    for path in ("/api/ledger/trial-balance", "/api/ledger/unapplied-funds"):
        refused = await client.get(path, headers=finance.headers)
        assert (refused.status_code, refused.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert refused.json()["details"] == {"readModel": "ledger_journal", "state": "stopped"}
        assert int(refused.headers["retry-after"]) > 0
