"""Faults around read models: unknown events, read-only servers, changed tables."""

import asyncio
import importlib.resources
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psycopg
import pytest

from application.commands import stream_kinds
from interfaces.cli import check as check_command
from interfaces.cli import rebuild as rebuild_command
from projections import progress, rebuild, runner
from projections.booking_list.projector import PROJECTION as BOOKING_LIST
from projections.flight_availability.projector import PROJECTION as FLIGHT_AVAILABILITY
from projections.projection import Cursor, LoggedEvent, Projection
from projections.registry import ALL
from tests.integration.projections.airline import FLIGHT, Airline

SECONDS = 60.0


def _append_copy(airline: Airline, stream: str, old: str, new: str) -> int:
    """Append the flight's first event to another stream, with `old` replaced by `new`."""
    [(position,)] = airline.query(
        "INSERT INTO ledger.event SELECT (SELECT max(position) + 1 FROM ledger.event), %s, 1, tag, "
        "clock_timestamp(), 'attacker', gen_random_uuid(), 'c', NULL, "
        "convert_to(replace(convert_from(payload, 'UTF8'), %s, %s), 'UTF8') "
        "FROM ledger.event WHERE stream = %s AND version = 1 RETURNING position",
        *(stream, old, new, FLIGHT),
    )
    return int(position)


async def _reached(airline: Airline, name: str) -> None:
    [(head,)] = airline.query("SELECT max(position) FROM ledger.event")
    await progress.wait_until(airline.pool, name, head, timeout_seconds=SECONDS)


def _wait_for_log(caplog: pytest.LogCaptureFixture, message: str) -> None:
    deadline = time.monotonic() + SECONDS
    while message not in caplog.messages:
        assert time.monotonic() < deadline, caplog.messages
        time.sleep(0.01)


def _cut(airline: Airline) -> None:
    airline.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'ais projector' AND datname = current_database()"
    )


@pytest.mark.parametrize("zone", ["Asia", "a" * 300, "../etc", "Asia/Nowhere", ""])
async def test_a_flight_in_a_zone_that_does_not_exist_is_parked(
    airline: Airline, zone: str
) -> None:
    strange = "flight-XX6-2026-12-24"
    _append_copy(airline, strange, '"origin_zone":"Asia/Riyadh"', f'"origin_zone":"{zone}"')
    await airline.catch_up([FLIGHT_AVAILABILITY])
    [(stream, cause)] = airline.query("SELECT stream, cause FROM projections.parked_event")
    assert stream == strange
    assert cause.startswith("ZoneUnknown: ")
    shown = airline.query("SELECT DISTINCT flight FROM read_model.flight_availability")
    assert shown == [(FLIGHT,)]


async def test_a_read_model_that_stops_for_an_unexpected_error_is_reported(
    airline: Airline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(_cursor: Cursor, _events: Sequence[LoggedEvent]) -> None:
        raise RuntimeError("an unexpected error")

    broken = msgspec.structs.replace(BOOKING_LIST, apply=break_down)
    monkeypatch.setitem(ALL, "booking_list", broken)
    stop = threading.Event()
    everything = asyncio.create_task(asyncio.to_thread(runner.run_all, airline.projector_dsn, stop))
    try:
        await airline.sell()
        await _reached(airline, "ledger_journal")
    finally:
        stop.set()
        stopped = await everything
    assert {name: str(error) for name, error in stopped.items()} == {
        "booking_list": "an unexpected error"
    }


async def test_the_runner_waits_for_a_read_only_server_until_it_accepts_writes(
    airline: Airline, caplog: pytest.LogCaptureFixture
) -> None:
    [(database,)] = airline.query("SELECT current_database()")
    setting = f"ALTER DATABASE {database} SET default_transaction_read_only"
    stop = threading.Event()
    everything = asyncio.create_task(asyncio.to_thread(runner.run_all, airline.projector_dsn, stop))
    try:
        await _reached(airline, "booking_list")
        airline.query(f"{setting} = on")
        _cut(airline)
        refused = "booking_list lost the database: ReadOnlySqlTransaction"
        await asyncio.to_thread(_wait_for_log, caplog, refused)
        with psycopg.connect(airline.database.owner_dsn, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"{setting} = off".encode())
        booking = await airline.reserve()
        await _reached(airline, "booking_list")
    finally:
        stop.set()
        stopped = await everything
    assert stopped == {}
    assert (booking,) in airline.query("SELECT booking FROM read_model.booking_list")


def _with_tables(monkeypatch: pytest.MonkeyPatch, folder: Path, more: str) -> Projection:
    """Return booking_list of another release: its own table, and the tables of `more`."""
    table = importlib.resources.files("projections.booking_list") / "table.sql"
    (folder / "booking_list").mkdir()
    (folder / "booking_list" / "table.sql").write_text(table.read_text("utf-8") + more)
    monkeypatch.setattr(
        "projections.projection.importlib.resources.files",
        lambda package: folder / package.removeprefix("projections."),
    )
    return BOOKING_LIST


async def test_a_table_that_a_new_release_no_longer_has_is_dropped_with_the_old_generation(
    airline: Airline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await airline.sell()
    dsn = airline.projector_dsn
    with monkeypatch.context() as previous_release:
        _with_tables(previous_release, tmp_path, "CREATE TABLE booking_previous (x integer);")
        await asyncio.to_thread(rebuild.rebuild, dsn, "booking_list", lambda _done, _end: None)
        assert airline.query("SELECT * FROM read_model.booking_previous") == []
    rebuilt = await asyncio.to_thread(
        rebuild.rebuild, dsn, "booking_list", lambda _done, _end: None
    )
    shown = airline.query("SELECT viewname FROM pg_views WHERE schemaname = 'read_model'")
    assert ("booking_list",) in shown
    assert ("booking_previous",) not in shown
    kept = airline.query(
        "SELECT generation FROM projections.checkpoint WHERE projection = 'booking_list'"
    )
    assert kept == [(rebuilt.generation,)]


async def test_checking_and_rebuilding_after_a_rollback_name_the_unknown_event(
    airline: Airline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await airline.sell()
    await airline.catch_up()
    monkeypatch.delitem(stream_kinds.EVENT_TYPES, "booking.paid.1")
    dsn = airline.projector_dsn
    assert await asyncio.to_thread(check_command.check, dsn=dsn) == 1
    output = capsys.readouterr().out
    assert "booking_list: UnknownTag: booking.paid.1 at position" in output
    assert "flight_availability" in output
    assert await asyncio.to_thread(rebuild_command.rebuild, "booking_list", dsn=dsn) == 1


async def test_the_commands_report_in_one_line_that_there_is_no_database(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nowhere = "host=/nonexistent dbname=none"
    assert await asyncio.to_thread(check_command.check, dsn=nowhere) == 1
    assert await asyncio.to_thread(rebuild_command.rebuild, "booking_list", dsn=nowhere) == 1
    output = capsys.readouterr()
    assert "Traceback" not in output.out + output.err
    assert "OperationalError" in output.out


@pytest.mark.parametrize("broken", [None, "ledger_journal"])
async def test_the_process_ends_cleanly_on_sigterm_and_reports_what_had_stopped(
    airline: Airline, broken: str | None
) -> None:
    if broken:
        airline.query(
            "UPDATE projections.checkpoint SET position = 1000 WHERE projection = %s", broken
        )
    command = (sys.executable, "-m", "interfaces.cli.main", "projector")
    process = await asyncio.create_subprocess_exec(
        *command, "--dsn", airline.projector_dsn, stdout=asyncio.subprocess.PIPE
    )
    try:
        await airline.sell()
        for name in sorted(ALL.keys() - {broken}):
            await _reached(airline, name)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(SECONDS):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == (1 if broken else 0)
    stopped = [line.partition(":")[0] for line in output.decode().splitlines()]
    assert stopped == ([f"{broken} stopped"] if broken else [])
