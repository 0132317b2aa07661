"""`ais archive detach`: a partition leaves with its postings, and nothing is forgotten by it."""

import asyncio
import datetime as dt
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError

from application import ports
from application.commands import stream_kinds
from infrastructure.archive import stretches, verifying
from infrastructure.archive.detaching import Detached, DetachRefused
from infrastructure.event_store import stored_events
from interfaces.cli import main
from projections import checking, parallel_replay, rebuild
from projections.projection import LogIncomplete
from tests.integration.ledger.test_exports import require
from tests.integration.projections.airline import FLIGHT, Airline, running_airline
from tests.support import detached_log, log_partitions
from tests.support.detached_log import LATER, quiet
from tests.support.postgres_airline import postgres_airline
from tests.support.servers import TestDatabase

WIDTH = 50


def detach(airline: Airline, folder: Path, *, silent_since: dt.datetime = LATER) -> list[Detached]:
    return detached_log.detach(
        airline.database.owner_dsn, folder, before=WIDTH + 1, silent_since=silent_since
    )


def verify(airline: Airline, folder: Path) -> verifying.Verified:
    with psycopg.connect(airline.database.owner_dsn, autocommit=True) as connection:
        return verifying.verify(folder, connection, quiet)


def digest(airline: Airline, folder: Path | None) -> str:
    with psycopg.connect(airline.database.owner_dsn, autocommit=True) as connection:
        archives = [] if folder is None else stretches.of(folder, connection)
    found = parallel_replay.replay_all(airline.projector_dsn, archives, processes=1, progress=quiet)
    return found.sums.digest()


@pytest.fixture
async def sold(database: TestDatabase, tmp_path: Path) -> AsyncIterator[Airline]:
    """A log of more than one partition, archived as far as ranges are full."""
    require("pyarrow")
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        log_partitions.shrink(owner, WIDTH)
    async with running_airline(database) as airline:
        while airline.query("SELECT max(position) FROM ledger.event") <= [(WIDTH + 10,)]:
            await airline.sell()
        await airline.catch_up()
        detached_log.archive(database.owner_dsn, tmp_path, positions=WIDTH, passed=WIDTH + 10)
        yield airline


async def test_archives_and_the_rest_are_the_whole_log_still(sold: Airline, tmp_path: Path) -> None:
    before = digest(sold, None)
    assert detach(sold, tmp_path) == [Detached(1, WIDTH)]
    for table in ("event", "posting"):
        [(first,)] = sold.query(f"SELECT min(position) FROM ledger.{table}")
        assert first > WIDTH
    assert verify(sold, tmp_path).last == WIDTH
    assert digest(sold, tmp_path) == before
    with pytest.raises(LogIncomplete, match="positions 1 to 50"):
        digest(sold, None)
    for refused in (checking.check, lambda dsn, name: rebuild.rebuild(dsn, name, quiet)):
        with pytest.raises(LogIncomplete, match="are in archives only"):
            refused(sold.projector_dsn, "ledger_journal")
    [(action, resource)] = sold.query("SELECT action, resource FROM audit.action")
    assert (action, resource) == ("ledger.partition_detached", "positions from 1")


async def test_a_stream_in_an_archive_is_known_and_nothing_is_decided_on_it(
    sold: Airline, tmp_path: Path
) -> None:
    detach(sold, tmp_path)
    with pytest.raises(ports.StreamArchived, match=f"of {FLIGHT} is in an archive"):
        await sold.log.read_after({FLIGHT: 0})
    async with postgres_airline(sold.database.app_dsn, clock=sold.clock, kind=Airline) as other:
        flight = await other.put_on_sale("XX2")
        refused, booking = await asyncio.gather(
            other.reserve(), other.reserve(flight), return_exceptions=True
        )
        assert isinstance(refused, ports.StreamArchived)
        assert isinstance(booking, str)
        await asyncio.gather(other.reserve(), return_exceptions=True)
        # A request for something old does not make the process forget what is on sale.
        assert other.dispatcher.remembered(stream_kinds.FLIGHT, flight) is not None
    with psycopg.connect(sold.database.app_dsn) as connection, pytest.raises(IntegrityError):
        stored_events.select_stream(
            connection, FLIGHT, after=None, until=None, backwards=False, limit=None
        )


async def test_what_may_be_needed_stays(sold: Airline, tmp_path: Path) -> None:
    [(streams,)] = sold.query(
        "SELECT count(DISTINCT stream) FROM ledger.event WHERE position <= %s", WIDTH
    )
    with pytest.raises(DetachRefused, match=f"{streams} streams have an event since 2000-01-01"):
        detach(sold, tmp_path, silent_since=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    sold.query("UPDATE process.checkpoint SET position = 3 WHERE name = 'processes'")
    sold.query("DELETE FROM process.checkpoint WHERE name = 'index_bookings'")
    with pytest.raises(DetachRefused, match="2 followers of the log have not passed"):
        detach(sold, tmp_path)
    assert sold.query("SELECT min(position) FROM ledger.event") == [(1,)]


async def test_the_command_refuses_what_is_young(
    sold: Airline,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ["archive", "detach", str(tmp_path), "--before", "1000"]
    monkeypatch.setattr(sys, "argv", ["ais", *words, "--dsn", sold.database.owner_dsn])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 1
    assert "streams have an event since" in capsys.readouterr().err
