"""`ais archive detach`: a partition leaves with its postings, and nothing is forgotten by it."""

import asyncio
import datetime as dt
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from application import ports
from application.audit.explain_booking import explain_booking
from application.audit.ports import LogFilter
from application.audit.read_booking_log import read_booking_log
from application.audit.read_log import read_log
from application.commands import stream_kinds
from infrastructure.archive import stretches, verifying
from infrastructure.archive.detaching import Detached, DetachRefused
from infrastructure.event_store.audited_log import PostgresAuditedLog
from infrastructure.event_store.stream_history import PostgresStreamHistory
from infrastructure.sealing import master_key
from interfaces import audit_composition
from interfaces.cli import explain, main
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
    with pytest.raises(ports.StreamArchived, match=f"of {FLIGHT} are in an archive"):
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
    history = PostgresStreamHistory(sold.database.app_dsn)
    try:
        with pytest.raises(ports.StreamArchived, match=f"of {FLIGHT} are in an archive"):
            await history.events_of(FLIGHT)
    finally:
        await history.close()


async def positions_of(log: PostgresAuditedLog, booking: str) -> tuple[list[int], list[int]]:
    """Positions that auditors see, and those that archives have; read by pages of two."""
    seen: list[int] = []
    archived: list[int] = []
    after: str | None = None
    while True:
        page = await read_booking_log(log, booking, after=after, limit=2)
        assert len(page.events) + len(page.archived) <= 2
        seen += [each.envelope.position for each in page.events]
        archived += page.archived
        if not page.has_more:
            return seen, archived
        after = str(page.position)


async def test_auditors_and_the_story_of_a_booking_name_what_is_in_archives(
    sold: Airline, tmp_path: Path
) -> None:
    log = PostgresAuditedLog(sold.pool)
    [(first,), *_, (last,)] = sold.query(
        "SELECT stream FROM ledger.stream_event WHERE starts_with(stream, 'booking-') "
        "AND version = 1 AND position < %s ORDER BY position",
        WIDTH,
    )
    whole = {booking: await positions_of(log, booking) for booking in (first, last)}
    assert (await read_log(log, LogFilter(), after=None, limit=1)).archived_up_to == 0
    detach(sold, tmp_path)
    for booking, (positions, none) in whole.items():
        assert none == []
        seen, archived = await positions_of(log, booking)
        assert archived == [each for each in positions if each <= WIDTH] != []
        assert seen == [each for each in positions if each > WIDTH]
    page = await read_log(log, LogFilter(stream=FLIGHT), after=None, limit=1)
    assert page.archived_up_to == WIDTH
    assert page.events[0].envelope.position > WIDTH
    keys = master_key.parse(master_key.generated())
    story = await explain_booking(audit_composition.story_on(sold.pool, keys), first, actor="test")
    shown = ", ".join(map(str, whole[first][0]))
    count = len(whole[first][0])
    assert f"  {count} more are in archives of the log only, at {shown}" in explain.lines_of(story)
    assert len(story.entries) > 1


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
