"""`ais timers` on a running system: what runs by itself runs when an operator asks for it."""

import asyncio
import datetime as dt
import time

import httpx
import psycopg

from infrastructure.postgres import timer_requests
from interfaces.worker.sweep import AGAIN_PAUSE_SECONDS
from interfaces.worker.timers.registry import TIMERS
from tests.support import stored_log
from tests.support.operator_shell import ais
from tests.support.running_system import System

# Its period is an hour: it looked when the system started, and would not again in this test.
HOURLY = "enforce_retention"
OLD = "test.sent_long_ago"
BEGINNING = dt.datetime.min.replace(tzinfo=dt.UTC)


async def test_a_timer_runs_now_when_it_is_asked_for(system: System) -> None:
    await asyncio.to_thread(_await_look_since, system, BEGINNING)
    with psycopg.connect(system.owner_dsn, autocommit=True) as connection:
        connection.execute(
            # Before all others, as an old message is: the oldest are looked at.
            "INSERT INTO ledger.outbox (id, topic, body, created_at, sent_at) "
            "OVERRIDING SYSTEM VALUE "
            "VALUES (0, %s, '{}', now() - interval '50 days', now() - interval '50 days')",
            (OLD,),
        )
    asked_at = dt.datetime.now(dt.UTC).replace(microsecond=0)
    ran = await ais(system, "timers", "run", HOURLY)
    assert (ran.returncode, ran.stdout) == (0, f"{HOURLY} has begun: 1 task due\n"), ran.stderr
    end = time.monotonic() + stored_log.WAIT_SECONDS
    while await asyncio.to_thread(_old_messages, system):
        assert time.monotonic() < end, "the task is not carried out"
        # One that was under way when it was asked for may have passed the message already.
        await asyncio.sleep(AGAIN_PAUSE_SECONDS)
        ran = await ais(system, "timers", "run", HOURLY)
        assert ran.returncode == 0, ran.stderr

    listed = await ais(system, "timers", "list")
    assert listed.returncode == 0, listed.stderr
    rows = {line.split()[0]: line.split() for line in listed.stdout.splitlines()[1:]}
    assert list(rows) == [each.name for each in TIMERS]
    last, following = (dt.datetime.fromisoformat(each) for each in rows[HOURLY][1:3])
    assert asked_at <= last < following
    assert "every hour" in " ".join(rows[HOURLY])


def _old_messages(system: System) -> int:
    with psycopg.connect(system.owner_dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM ledger.outbox WHERE topic = %s", (OLD,)
        ).fetchone()
    assert row is not None
    count: int = row[0]
    return count


def _await_look_since(system: System, since: dt.datetime) -> None:
    """A system that has just started has every timer look once."""
    end = time.monotonic() + stored_log.WAIT_SECONDS
    while True:
        states = {each.name: each for each in timer_requests.ask(system.settings.database_url)}
        if (states[HOURLY].begun_at or BEGINNING) > since:
            return
        assert time.monotonic() < end, "the timer does not begin"
        time.sleep(0.05)


async def test_an_unknown_timer_is_answered_with_those_that_resemble_it(system: System) -> None:
    found = await ais(system, "timers", "run", "enforce_retentions")
    assert found.returncode == 2
    assert f"no timer enforce_retentions; meant is perhaps {HOURLY}" in found.stderr


async def test_a_timer_that_is_asked_in_maintenance_begins_when_that_ends(system: System) -> None:
    on = await ais(system, "modes", "maintenance", "on", "--reason", "a test of timers")
    assert on.returncode == 0, on.stderr
    try:
        await asyncio.to_thread(_await_no_answer_to_a_write, system)
        asked_at = dt.datetime.now(dt.UTC)
        ran = await ais(system, "timers", "run", HOURLY)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert f"{HOURLY} begins later: in maintenance" in ran.stderr
    finally:
        off = await ais(system, "modes", "maintenance", "off")
        assert off.returncode == 0, off.stderr
    await asyncio.to_thread(_await_look_since, system, asked_at)


def _await_no_answer_to_a_write(system: System) -> None:
    """The process that leads has learnt of maintenance."""
    end = time.monotonic() + stored_log.WAIT_SECONDS
    while httpx.post(f"{system.base_url}/api/auth/register", json={}).status_code != 503:
        assert time.monotonic() < end, "maintenance does not begin"
        time.sleep(0.05)
