"""A database that refuses to write for want of room: the process changes nothing until it can.

The server refuses by a trigger, with the SQLSTATE of a full disk (53100). With a disk that is full
it does so in `tests/end_to_end/test_full_disk.py`.
"""

import asyncio
import datetime as dt

import pytest

from application import ports
from application.modes.current_modes import CurrentModes
from domain.modes.modes import ModeOn
from infrastructure.event_store.log import PostgresEventLog
from infrastructure.postgres import full_disk
from infrastructure.postgres.full_disk import FullDisk
from infrastructure.postgres.pool import make_pool
from tests.integration.event_store.test_log_behaviour import ONE, batch, everything
from tests.support import refusing_database
from tests.support.servers import TestDatabase
from tests.support.stored_log import WAIT_SECONDS

NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


async def test_a_process_that_meets_a_full_disk_changes_nothing_until_a_probe_can_write(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full_disk, "PROBE_SECONDS", 0.05)
    current = CurrentModes()
    async with make_pool(database.app_dsn, max_size=2) as pool:
        disk = FullDisk(pool, current, lambda: NOW)
        log = PostgresEventLog(database.app_dsn, pool, disk.notice)
        with refusing_database.without_room(database.owner_dsn):
            for _ in range(2):
                with pytest.raises(ports.Unavailable) as refused:
                    await log.append(batch((ONE, 1)))
                assert not isinstance(refused.value, ports.AppendUnresolved)
                assert refused.value.details == {"reason": "read_only"}
            found = current.closing()
            assert found == ModeOn("read_only", NOW, "system", "the database has no room", None)
            waiting = asyncio.create_task(current.wait_until_open())
            # Several probes are refused meanwhile; none ends the mode.
            await asyncio.sleep(0.3)
            assert not waiting.done()
            assert await everything(log) == []
        async with asyncio.timeout(WAIT_SECONDS):
            await waiting
        assert (await log.append(batch((ONE, 1)))).written
        await disk.close()
        await log.close()


async def test_a_probe_that_meets_something_else_than_a_full_disk_is_followed_by_another(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full_disk, "PROBE_SECONDS", 0.05)
    current = CurrentModes()
    async with make_pool(database.app_dsn, max_size=2) as pool:
        disk = FullDisk(pool, current, lambda: NOW)
        # As some providers do where storage is short, and as a standby does.
        with refusing_database.read_only_probes(database.owner_dsn):
            disk.notice()
            await asyncio.sleep(0.3)
            assert current.of("read_only") is not None
        async with asyncio.timeout(WAIT_SECONDS):
            await current.wait_until_open()
        await disk.close()


async def test_a_lost_connection_is_no_full_disk(database: TestDatabase) -> None:
    current = CurrentModes()
    async with make_pool(database.app_dsn, max_size=2) as pool:
        disk = FullDisk(pool, current, lambda: NOW)
        log = PostgresEventLog("postgresql://nobody@127.0.0.1:1/none", pool, disk.notice)
        with pytest.raises(ports.Unavailable):
            await log.append(batch((ONE, 1)))
        assert current.closing() is None
