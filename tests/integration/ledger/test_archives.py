"""Archives of the log: what is written is verified, and what was damaged is refused by name."""

import importlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infrastructure.archive import manifest, verifying, writing
from infrastructure.archive.manifest import Archive, ArchiveRefused
from infrastructure.parquet import event_file
from interfaces.cli import main
from tests.integration.ledger.test_exports import require
from tests.integration.projections.airline import Airline

RANGE = 40


def quiet(_name: str, _done: int) -> None:
    """Show no progress."""


def write(airline: Airline, folder: Path, positions: int = RANGE) -> list[Archive]:
    with psycopg.connect(airline.database.owner_dsn, autocommit=True) as connection:
        return writing.write(connection, folder, positions=positions, progress=quiet)


def verify(airline: Airline, folder: Path) -> verifying.Verified:
    with psycopg.connect(airline.database.app_dsn, autocommit=True) as connection:
        return verifying.verify(folder, connection, quiet)


def refused(airline: Airline | None, folder: Path) -> str:
    """What the verifier says of it, with the database or without."""
    with pytest.raises(ArchiveRefused) as error:
        if airline is None:
            verifying.verify(folder, None, quiet)
        else:
            verify(airline, folder)
    return str(error.value)


@pytest.fixture
async def sold(airline: Airline) -> Airline:
    """An airline with some two hundred events of every form."""
    require("pyarrow")
    await airline.sell()
    await airline.append_every_form()
    return airline


async def test_full_ranges_are_written_once_and_hold_every_column_of_the_log(
    sold: Airline, tmp_path: Path
) -> None:
    written = write(sold, tmp_path)
    [(head,)] = sold.query("SELECT max(position) FROM ledger.event")
    assert len(written) == head // RANGE >= 3
    assert [each.first for each in written] == list(range(1, written[-1].last, RANGE))
    rows = [
        row for each in written for page in event_file.read(tmp_path / each.file) for row in page
    ]
    assert rows == sold.query(
        "SELECT position, stream, version, tag, "
        "(extract(epoch FROM recorded_at) * 1000000)::bigint, actor, command_id::text, "
        "correlation_id, causation_id::text, payload "
        "FROM ledger.event WHERE position <= %s ORDER BY position",
        written[-1].last,
    )
    assert write(sold, tmp_path, positions=7)[0].first == written[-1].last + 1
    assert write(sold, tmp_path, positions=RANGE) == []
    found = verify(sold, tmp_path)
    assert found.compared == found.last > written[-1].last


async def test_a_second_folder_gets_the_same_ranges_with_the_same_hashes(
    sold: Airline, tmp_path: Path
) -> None:
    first = write(sold, tmp_path / "here")
    second = write(sold, tmp_path / "there", positions=RANGE * 2)
    assert second[: len(first)] == first


async def test_an_interrupted_write_is_repeated(
    sold: Airline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in ("infrastructure.archive.recorded.add", "infrastructure.archive.manifest.write"):
        with monkeypatch.context() as broken:
            broken.setattr(step, _fail)
            with pytest.raises(OSError, match="the disk is full"):
                write(sold, tmp_path)
    assert write(sold, tmp_path)[0].first == 1
    assert verify(sold, tmp_path).last >= RANGE


def _fail(*_: object) -> None:
    raise OSError("the disk is full")


def _cut(folder: Path, found: list[Archive]) -> str:
    place = folder / found[1].file
    place.write_bytes(place.read_bytes()[:-9])
    return f"{found[1].file}: it has {found[1].size - 9} bytes, {found[1].size} are listed"


def _flip(folder: Path, found: list[Archive]) -> str:
    place = folder / found[0].file
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(content)
    return f"{found[0].file}: it was changed: its hash is another one"


def _lose_file(folder: Path, found: list[Archive]) -> str:
    (folder / found[2].file).unlink()
    return f"{found[2].file}: it is missing"


def _lose_range(folder: Path, found: list[Archive]) -> str:
    for name in (found[1].file, manifest.manifest_name(found[1].first, found[1].last)):
        (folder / name).unlink()
    name = manifest.manifest_name(found[2].first, found[2].last)
    lost = f"positions {found[1].first} to {found[1].last}"
    return f"{name}: the archive of {lost} before it is missing"


def _replace(folder: Path, found: list[Archive]) -> str:
    (folder / found[1].file).write_bytes((folder / found[0].file).read_bytes())
    _relist(folder, found[1])
    return f"{found[1].file}: position 1 is where {found[1].first} should be"


def _change_a_name(folder: Path, found: list[Archive]) -> str:
    """Somebody who changes an event and the hash of the file."""
    _rewrite(folder, found[0])
    _relist(folder, found[0])
    return f"{found[0].file}: its events are not those that were archived"


def _spoil_manifest(folder: Path, found: list[Archive]) -> str:
    name = manifest.manifest_name(found[0].first, found[0].last)
    (folder / name).write_text("{}")
    return f"{name}: it is not what was written"


def _rewrite(folder: Path, archive: Archive) -> None:
    place = folder / archive.file
    rows = [row for page in event_file.read(place) for row in page]
    rows[3] = (*rows[3][:5], "customer:user_2", *rows[3][6:])
    event_file.write(place, [rows])


def _relist(folder: Path, archive: Archive, **changed: Any) -> Archive:
    place = folder / archive.file
    fields = {name: getattr(archive, name) for name in archive.__struct_fields__}
    fields |= {"size": place.stat().st_size, "sha256": manifest.hash_of(place), **changed}
    manifest.write(folder, Archive(**fields))
    return Archive(**fields)


DAMAGES = (_cut, _flip, _lose_file, _lose_range, _replace, _change_a_name, _spoil_manifest)


async def test_a_damaged_archive_is_refused_with_file_and_reason(
    sold: Airline, tmp_path: Path
) -> None:
    written = write(sold, tmp_path / "whole")
    for damage in DAMAGES:
        folder = tmp_path / damage.__name__
        shutil.copytree(tmp_path / "whole", folder)
        reason = damage(folder, written)
        assert refused(None, folder).startswith(reason)
        assert refused(sold, folder).startswith(reason)


async def test_the_database_vouches_where_all_hashes_were_made_to_fit(
    sold: Airline, tmp_path: Path
) -> None:
    written = write(sold, tmp_path)
    _rewrite(tmp_path, written[0])
    digest = importlib.import_module("infrastructure.archive.event_digest")
    changed = digest.EventDigest(1)
    for page in event_file.read(tmp_path / written[0].file):
        changed.add(page)
    events, previous = changed.hexdigest(), written[0].previous
    link = digest.linked(previous, events)
    _relist(tmp_path, written[0], events_sha256=events, chain=link)
    for each in written[1:]:
        after = digest.linked(link, each.events_sha256)
        _relist(tmp_path, each, previous=link, chain=after)
        link = after
    assert verifying.verify(tmp_path, None, quiet).last == written[-1].last
    assert "it is not what the database recorded" in refused(sold, tmp_path)


async def test_a_log_that_was_changed_after_its_archive_is_found(
    sold: Airline, tmp_path: Path
) -> None:
    write(sold, tmp_path)
    sold.query("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
    sold.query("UPDATE ledger.event SET actor = 'staff:other' WHERE position = %s", RANGE + 2)
    found = refused(sold, tmp_path)
    assert found == f"the log: its events from {RANGE + 1} to {RANGE * 2} are not those archived"


async def test_archives_behind_a_restored_log_are_refused_by_name(
    sold: Airline, tmp_path: Path
) -> None:
    written = write(sold, tmp_path)
    sold.query("ALTER TABLE ledger.archive DISABLE TRIGGER append_only")
    sold.query("DELETE FROM ledger.archive WHERE first_position >= %s", written[-2].first)
    name = manifest.manifest_name(written[-2].first, written[-2].last)
    reason = f"{name}: the database knows nothing of it: it is of another log"
    assert refused(sold, tmp_path) == reason
    with pytest.raises(ArchiveRefused) as error:
        write(sold, tmp_path)
    assert str(error.value) == reason


async def test_the_list_of_archives_only_grows_in_order_and_within_the_log(sold: Airline) -> None:
    add = "INSERT INTO ledger.archive VALUES (%s, %s, repeat('a', 64), repeat('a', 64))"
    for first, last in ((2, 3), (1, 10_000)):
        with pytest.raises(psycopg.Error, match="does not follow"):
            sold.query(add, first, last)
    sold.query(add, 1, 3)
    for change in ("UPDATE ledger.archive SET last_position = 4", "DELETE FROM ledger.archive"):
        with pytest.raises(psycopg.Error, match="append-only"):
            sold.query(change)
    with (
        psycopg.connect(sold.database.app_dsn) as application,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        application.execute(
            "INSERT INTO ledger.archive SELECT 4, 5, chain_sha256, chain_sha256 FROM ledger.archive"
        )


async def test_the_commands_print_what_they_wrote_and_what_they_refuse(
    sold: Airline,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def call(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["ais", "archive", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        shown = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, shown.out + shown.err

    folder, owner = tmp_path / "archive", ("--dsn", sold.database.owner_dsn)
    code, shown = call("write", folder, *owner, "--positions", RANGE, "--json")
    written = json.loads(shown)["archives"]
    assert code == 0
    assert written[0]["last"] == RANGE
    assert call("write", folder, *owner, "--positions", 10_000)[1].startswith("every full range")
    assert json.loads(call("list", folder, "--json")[1])["archives"] == written
    assert f"{written[0]['file']}: {RANGE} events" in call("list", folder)[1]
    assert "events are the same in the database" in call("verify", folder, *owner)[1]
    assert call("verify", tmp_path / "none", *owner)[0] == 1
    (folder / written[-1]["file"]).unlink()
    assert call("verify", folder, *owner) == (
        1,
        f"ais archive verify: {written[-1]['file']}: it is missing\n",
    )
