"""After a detach, read models are compared and made anew with what the archives have."""

import re
from pathlib import Path

import psycopg
import pytest

from infrastructure.archive import stretches
from interfaces.cli import check as check_command
from interfaces.cli import rebuild as rebuild_command
from projections import archived_events, generations, reading
from projections.projection import LogIncomplete
from projections.registry import ALL
from tests.integration.ledger.test_exports import require
from tests.integration.projections.airline import Airline, dump, running_airline
from tests.support import detached_log, log_partitions
from tests.support.servers import TestDatabase

SHORT = 50
# Longer than a log of every form, which is one append.
LONG = 1_700


async def fill(airline: Airline, folder: Path, width: int) -> None:
    """Sell until more than a partition is full, and archive it in two ranges."""
    while airline.query("SELECT max(position) FROM ledger.event") <= [(width + 10,)]:
        await airline.sell()
    await airline.catch_up()
    dsn = airline.database.owner_dsn
    detached_log.archive(dsn, folder, positions=width // 2, passed=width)


def shrink(database: TestDatabase, width: int) -> None:
    require("pyarrow")
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        log_partitions.shrink(owner, width)


def change_second(folder: Path) -> str:
    """Change the last byte of the second archive; returns its name."""
    file = sorted(folder.glob("*.parquet"))[1]
    file.write_bytes(file.read_bytes()[:-1] + b"X")
    return file.name


async def test_read_models_are_compared_and_made_anew_from_archives_byte_for_byte(
    database: TestDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shrink(database, LONG)
    async with running_airline(database) as airline:
        await airline.sell()
        await airline.append_every_form()
        await fill(airline, tmp_path, LONG)
        live = {name: dump(database, generations.schema_of(name, 1)) for name in ALL}
        detached_log.detach(database.owner_dsn, tmp_path, before=LONG + 1)
        dsn = airline.projector_dsn
        assert rebuild_command.rebuild(dsn=dsn, archives=tmp_path) == 0
        for name in ALL:
            assert dump(database, generations.schema_of(name, 2)) == live[name], name
            assert any(live[name].values()), name
        capsys.readouterr()
        # The forms of events are samples, which repeat numbers of tickets.
        assert check_command.check(dsn=dsn, archives=tmp_path) == 1
        shown = capsys.readouterr().out
        assert shown.count(": 0 differences") == len(ALL)
        assert "document numbers: 0" not in shown


async def test_without_the_archives_every_refusal_names_the_option(
    database: TestDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shrink(database, SHORT)
    async with running_airline(database) as airline:
        await fill(airline, tmp_path, SHORT)
        dsn = airline.projector_dsn
        detached_log.detach(database.owner_dsn, tmp_path, before=SHORT + 1)
        # Besides the read models, the numbers of tickets need the whole log.
        for command, count in (
            (check_command.check, len(ALL) + 1),
            (rebuild_command.rebuild, len(ALL)),
        ):
            assert command(dsn=dsn) == 1
            refusal = "LogIncomplete: positions 1 to 50 are in archives only:"
            words = " ".join(capsys.readouterr().out.split())
            assert words.count(refusal) == words.count("--archives FOLDER") == count
        airline.query("UPDATE ledger_journal_g1.ledger_journal SET amount = amount + 1")
        airline.query("UPDATE booking_list_g1.booking_list SET seat_count = seat_count + 1")
        assert check_command.check(dsn=dsn, archives=tmp_path) == 1
        found = capsys.readouterr().out
        archived = {int(place) for place in re.findall(r"  line (\d+)/1 is", found)}
        assert min(archived) <= SHORT < max(archived)
        assert "booking_list: 0 differences" not in found


async def test_a_changed_archive_is_refused_before_anything_is_compared(
    database: TestDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shrink(database, SHORT)
    async with running_airline(database) as airline:
        await fill(airline, tmp_path, SHORT)
        dsn = airline.projector_dsn
        detached_log.detach(database.owner_dsn, tmp_path, before=SHORT + 1)
        name = change_second(tmp_path)
        for command in (check_command.check, rebuild_command.rebuild):
            assert command(dsn=dsn, archives=tmp_path) == 1
            [line] = capsys.readouterr().out.splitlines()
            assert f"ArchiveRefused: {name}: it was changed" in line


async def test_a_booking_of_two_partitions_is_not_folded_from_its_end(
    database: TestDatabase, tmp_path: Path
) -> None:
    shrink(database, SHORT)
    async with running_airline(database) as airline:
        await fill(airline, tmp_path, SHORT)
        [(stream, versions)] = airline.query(
            "SELECT stream, count(*) FROM ledger.stream_event GROUP BY 1 "
            "HAVING min(position) <= %s AND max(position) > %s AND starts_with(stream, 'booking-')",
            *(SHORT, SHORT),
        )
        detached_log.detach(database.owner_dsn, tmp_path, before=SHORT + 1)
        with generations.connect(airline.projector_dsn) as connection:
            with connection.cursor() as cursor, pytest.raises(LogIncomplete, match="archive only"):
                reading.histories(cursor, [stream], 2 * SHORT)
            found = stretches.of(tmp_path, connection)
            archived_events.copy(connection, found, detached_log.quiet)
            with connection.cursor() as cursor:
                history = list(reading.histories(cursor, [stream], 2 * SHORT))
        assert [each.version for each in history] == list(range(1, versions + 1))
