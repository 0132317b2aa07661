"""`ais timers` on a running system: what runs by itself runs when an operator asks for it."""

import asyncio
import datetime as dt
import time

import psycopg

from infrastructure.postgres import timer_requests
from interfaces.worker.timers.registry import TIMERS
from tests.end_to_end.test_shell_of_operators import ais
from tests.support import stored_log
from tests.support.running_system import System

# Its period is an hour: it looked when the system started, and would not again in this test.
HOURLY = "enforce_retention"
OLD = "test.sent_long_ago"


async def test_a_timer_runs_now_when_it_is_asked_for(system: System) -> None:
    await asyncio.to_thread(_await_first_look, system)
    with psycopg.connect(system.owner_dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO ledger.outbox (topic, body, created_at, sent_at) "
            "VALUES (%s, '{}', now() - interval '50 days', now() - interval '50 days')",
            (OLD,),
        )
    asked_at = dt.datetime.now(dt.UTC).replace(microsecond=0)
    ran = await ais(system, "timers", "run", HOURLY)
    assert (ran.returncode, ran.stdout) == (0, f"{HOURLY} has begun: 1 task due\n"), ran.stderr
    left = f"SELECT count(*) FROM ledger.outbox WHERE topic = '{OLD}'"
    await asyncio.to_thread(stored_log.await_row, system.owner_dsn, left, lambda count: count == 0)

    listed = await ais(system, "timers", "list")
    assert listed.returncode == 0, listed.stderr
    rows = {line.split()[0]: line.split() for line in listed.stdout.splitlines()[1:]}
    assert list(rows) == [each.name for each in TIMERS]
    last, following = (dt.datetime.fromisoformat(each) for each in rows[HOURLY][1:3])
    assert asked_at <= last < following
    assert "every hour" in " ".join(rows[HOURLY])


def _await_first_look(system: System) -> None:
    """A system that has just started has every timer look once."""
    end = time.monotonic() + stored_log.WAIT_SECONDS
    while True:
        states = {each.name: each for each in timer_requests.ask(system.settings.database_url)}
        if states[HOURLY].begun_at is not None:
            return
        assert time.monotonic() < end, "the timer does not begin"
        time.sleep(0.05)


async def test_an_unknown_timer_is_answered_with_those_that_resemble_it(system: System) -> None:
    found = await ais(system, "timers", "run", "enforce_retentions")
    assert found.returncode == 2
    assert f"no timer enforce_retentions; meant is perhaps {HOURLY}" in found.stderr
