"""Modes in Postgres: each process has them at once, and keeps them when it loses the database."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from application import metrics
from application.modes.current_modes import CurrentModes
from application.modes.ports import ModePorts
from application.modes.switch_mode import StartMode, end_mode, start_mode
from domain.modes.modes import ModeOn
from infrastructure.postgres import modes, primary, roles
from infrastructure.postgres.modes import FollowedModes, PostgresModes
from infrastructure.postgres.pool import make_pool
from tests.support import ports as free_ports
from tests.support.servers import TestDatabase
from tests.support.standby_server import quick_pair
from tests.support.stored_log import WAIT_SECONDS

HOUR = dt.timedelta(hours=1)


@pytest.fixture
async def outside(database: TestDatabase) -> AsyncIterator[ModePorts]:
    async with make_pool(database.app_dsn, max_size=2) as pool:
        yield ModePorts(PostgresModes(pool), CurrentModes(), lambda: dt.datetime.now(dt.UTC))


@asynccontextmanager
async def following(dsn: str, current: CurrentModes) -> AsyncIterator[CurrentModes]:
    """A process that follows the modes."""
    followed = FollowedModes(dsn, current)
    await followed.start()
    try:
        yield current
    finally:
        await followed.close()


async def until_on(current: CurrentModes) -> None:
    """Return once the process knows of maintenance."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            if current.of("maintenance") is not None:
                return
            await asyncio.sleep(0.01)


def _start(reason: str = "a test", until: dt.datetime | None = None) -> StartMode:
    return StartMode("maintenance", reason, until, "ops:user_1", "cor_1")


async def test_a_process_knows_a_mode_at_its_start_and_learns_of_each_change(
    database: TestDatabase, outside: ModePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only the announcement can bring the change within the time that the test waits.
    monkeypatch.setattr(modes, "HEARTBEAT_SECONDS", 10 * WAIT_SECONDS)
    await start_mode(_start(), outside)
    async with following(database.app_dsn, CurrentModes()) as current:
        known = current.of("maintenance")
        assert known is not None
        assert (known.actor, known.reason, known.until) == ("ops:user_1", "a test", None)
        assert await end_mode("maintenance", outside, actor="operator", correlation_id="cor_2")
        async with asyncio.timeout(WAIT_SECONDS):
            await current.wait_until_open()
        await start_mode(_start(), outside)
        await until_on(current)


async def test_a_process_that_loses_its_connection_keeps_what_it_knew_and_reads_again(
    database: TestDatabase, outside: ModePorts
) -> None:
    await start_mode(_start(), outside)
    async with following(database.app_dsn, CurrentModes()) as current:
        waiting = asyncio.create_task(current.wait_until_open())
        with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
            ended = owner.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query = %s",
                (modes.SELECT,),
            ).fetchall()
        assert (True,) in ended
        # Without an announcement: nobody of this process listens at the moment.
        assert current.of("maintenance") is not None
        assert await end_mode("maintenance", outside, actor="operator", correlation_id="cor_2")
        async with asyncio.timeout(WAIT_SECONDS):
            await waiting


async def test_a_process_that_starts_while_the_database_is_away_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(modes, "ANSWER_SECONDS", 0.5)
    dsn = f"postgresql://nobody@127.0.0.1:{free_ports.free_port()}/none"
    async with following(dsn, CurrentModes()) as current:
        assert current.all() == {}
        assert current.closing() is not None


async def test_a_process_that_cannot_listen_for_long_changes_nothing_until_it_can(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modes, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(modes, "KNOWN_SECONDS", 0.1)
    async with following(database.app_dsn, CurrentModes()) as current:
        async with asyncio.timeout(WAIT_SECONDS):
            await current.wait_until_open()
        # Only the listener is refused; other connections of the process go on.
        with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
            owner.execute("REVOKE SELECT ON operations.mode FROM ais_application")
            async with asyncio.timeout(WAIT_SECONDS):
                while True:
                    if current.closing() is not None:
                        break
                    await asyncio.sleep(0.01)
            owner.execute("GRANT SELECT ON operations.mode TO ais_application")
        async with asyncio.timeout(WAIT_SECONDS):
            await current.wait_until_open()


async def test_a_process_follows_the_newest_primary_although_the_old_one_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(modes, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(primary, "WATCH_SECONDS", 0.1)
    with quick_pair() as pair:
        dsn = pair.dsn(roles.APPLICATION_LOGIN)
        async with primary.watched(dsn), following(dsn, CurrentModes()) as current:
            await asyncio.to_thread(pair.standby.promote)
            with psycopg.connect(pair.standby.dsn(), autocommit=True) as owner:
                owner.execute(
                    "INSERT INTO operations.mode VALUES ('maintenance', now(), 'a', 'a test')"
                )
            await until_on(current)


async def test_who_switched_a_mode_and_why_is_recorded_with_it(
    database: TestDatabase, outside: ModePorts
) -> None:
    first = await start_mode(_start(), outside)
    until = outside.clock() + HOUR
    again = await start_mode(_start("takes longer", until), outside)
    assert (again.since, again.reason, again.until) == (first.since, "takes longer", until)
    assert list(await outside.modes.all()) == [again]
    ended = [
        await end_mode("maintenance", outside, actor="operator", correlation_id="cor_2")
        for _ in range(2)
    ]
    assert ended == [True, False]
    with psycopg.connect(database.app_dsn) as connection:
        rows = connection.execute(
            "SELECT actor, action, resource, change ->> 'reason', correlation_id "
            "FROM audit.action ORDER BY id"
        ).fetchall()
    assert rows == [
        ("ops:user_1", "mode.started", "maintenance", "a test", "cor_1"),
        ("ops:user_1", "mode.started", "maintenance", "takes longer", "cor_1"),
        ("operator", "mode.ended", "maintenance", None, "cor_2"),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO operations.mode VALUES ('other', now(), 'a', 'b')",
        "INSERT INTO operations.mode VALUES ('maintenance', now(), 'a', '')",
        "UPDATE operations.mode SET since = now()",
    ],
)
def test_the_database_refuses_other_modes_and_changed_beginnings(
    database: TestDatabase, statement: str
) -> None:
    with (
        psycopg.connect(database.app_dsn) as connection,
        pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.InsufficientPrivilege)),
    ):
        connection.execute(statement.encode())


def test_a_carrier_in_maintenance_is_measured_although_another_is_not() -> None:
    now = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    one, other = CurrentModes("YY"), CurrentModes("XX")
    one.replace({"maintenance": ModeOn("maintenance", now, "operator", "a drill", None)})
    other.replace({})
    measured = metrics.MODE_ON.values()
    found = [measured[carrier, "maintenance"] for carrier in ("YY", "XX")]
    assert found == [1.0, 0.0]
