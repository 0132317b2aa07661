"""The replay in several processes, over archives and database, is the replay in one."""

import asyncio
import sys
from pathlib import Path

import msgspec
import psycopg
import pytest

from infrastructure.archive import event_digest, manifest, stretches, writing
from infrastructure.archive.event_digest import START
from infrastructure.archive.manifest import Archive, ArchiveRefused
from infrastructure.archive.stretches import ArchivedStretch
from infrastructure.parquet import event_file
from interfaces.cli import main
from projections import parallel_replay, replay
from projections.parallel_replay import Replayed
from projections.projection import LogIncomplete, UnknownTag
from tests.integration.ledger.test_exports import require
from tests.integration.projections.airline import Airline

RANGE = 8
UNBALANCED = (
    b'{"entry":{"effective_on":"2026-11-24","rule":"r","version":1,"references":[],'
    b'"postings":[{"account":"1010","booking":"b","amount":1,"currency":"SAR"}]}}'
)


@pytest.fixture
async def sold(airline: Airline, monkeypatch: pytest.MonkeyPatch) -> Airline:
    """Three bookings, one of which was overpaid, and the books of them."""
    require("pyarrow")
    monkeypatch.setattr(parallel_replay, "STRETCH", 10)
    for _ in range(2):
        await airline.sell()
    await airline.pay(await airline.reserve(), surplus=7)
    await airline.catch_up()
    return airline


def archived(airline: Airline, folder: Path) -> list[ArchivedStretch]:
    """Everything but the last positions, in archives."""
    with psycopg.connect(airline.database.owner_dsn, autocommit=True) as connection:
        writing.write(connection, folder, positions=RANGE, progress=lambda *_: None)
        found = stretches.of(folder, connection)
    assert len(found) > 1
    return found


def remove_from_log(airline: Airline, upto: int) -> None:
    """What only the owner can do, and only once the triggers are off."""
    for table in ("posting", "event"):
        airline.query(f"ALTER TABLE ledger.{table} DISABLE TRIGGER append_only")
        airline.query(f"DELETE FROM ledger.{table} WHERE position <= %s", upto)


async def replayed(
    airline: Airline, archives: list[ArchivedStretch], *, at_once: int = 1
) -> Replayed:
    return await asyncio.to_thread(
        parallel_replay.replay_all,
        airline.projector_dsn,
        archives,
        processes=at_once,
        progress=lambda _done, _end: None,
    )


async def test_processes_and_archives_change_nothing_in_the_result(
    sold: Airline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = await asyncio.to_thread(replay.replay, sold.projector_dsn, lambda _done, _end: None)
    one = await replayed(sold, [])
    assert one.sums.trial_balance() == plain.trial_balance
    assert (one.position, one.sums.money_events) == (plain.position, plain.money_events)
    assert one.sums.bookings == sold.query(
        "SELECT account, booking, currency, amount FROM read_model.ledger_booking_balance "
        'WHERE amount <> 0 ORDER BY account COLLATE "C", booking COLLATE "C", currency COLLATE "C"'
    )
    archives = archived(sold, tmp_path)
    several = await replayed(sold, archives, at_once=2)
    assert several.archived == archives[-1].last
    remove_from_log(sold, archives[-1].last)
    without_log = await replayed(sold, archives)
    assert one.sums == several.sums == without_log.sums
    assert len({each.sums.digest() for each in (one, several, without_log)}) == 1
    assert _command(sold, "--archives", tmp_path) == 0
    shown = capsys.readouterr().out
    assert f"{archives[-1].last} events from archives" in shown
    assert f"all balances: {one.sums.digest()}" in shown
    assert _command(sold) == 1
    assert "are neither in the database nor in an archive" in capsys.readouterr().err


def _command(airline: Airline, *words: object) -> int:
    with pytest.MonkeyPatch.context() as patch:
        call = ("ais", "ledger", "replay", "--dsn", airline.projector_dsn, *words)
        patch.setattr(sys, "argv", [str(word) for word in call])
        with pytest.raises(SystemExit) as ended:
            main.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


async def test_damaged_and_foreign_archives_are_refused_in_other_processes_too(
    sold: Airline, tmp_path: Path
) -> None:
    archives = archived(sold, tmp_path)
    place = tmp_path / manifest.file_name(1, RANGE)
    whole = place.read_bytes()
    place.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    with pytest.raises(ArchiveRefused, match=rf"{place.name}: it was changed"):
        await replayed(sold, archives, at_once=2)
    place.unlink()
    with pytest.raises(ArchiveRefused, match=rf"{place.name}: it is missing"):
        await replayed(sold, archives)
    place.write_bytes(whole)
    with pytest.raises(LogIncomplete, match=r"positions 1 to 8 are neither"):
        remove_from_log(sold, RANGE)
        await replayed(sold, [])
    remove_from_log(sold, 10_000)
    with pytest.raises(LogIncomplete, match="they are of another log"):
        await replayed(sold, archives)


def _permissions(folder: Path) -> set[int]:
    return {each.stat().st_mode & 0o777 for each in folder.iterdir()}


def _remove_all_but(kept: Archive, folder: Path) -> None:
    names = (kept.file, manifest.manifest_name(kept.first, kept.last))
    for each in folder.iterdir():
        if each.name not in names:
            each.unlink()


async def test_archives_that_were_changed_with_their_manifests_are_refused(
    sold: Airline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archived(sold, tmp_path)
    assert _permissions(tmp_path) == {0o600}
    [one, *_] = manifest.listed(tmp_path)
    other = msgspec.structs.replace(
        one, events_sha256=START, chain=event_digest.linked(one.previous, START)
    )
    _remove_all_but(one, tmp_path)
    manifest.write(tmp_path, other)
    assert _command(sold, "--archives", tmp_path) == 1
    assert "it is not what the database recorded" in capsys.readouterr().err
    # The events were changed; file and manifest have the same hash of the file.
    pages = list(event_file.read(tmp_path / one.file))
    pages[0][0] = (*pages[0][0][:-1], pages[0][0][-1] + b" ")
    place = tmp_path / one.file
    event_file.write(place, iter(pages))
    changed = msgspec.structs.replace(
        one, sha256=manifest.hash_of(place), size=place.stat().st_size
    )
    manifest.write(tmp_path, changed)
    assert _command(sold, "--archives", tmp_path) == 1
    assert "its events are not those that were archived" in capsys.readouterr().err


async def test_events_that_cannot_be_summed_are_refused_in_other_processes_too(
    sold: Airline,
) -> None:
    for tag, error, words in (
        ("payment.captured.1", msgspec.ValidationError, "rule r: {'SAR': 1}"),
        ("no.such.1", UnknownTag, r"no\.such\.1"),
    ):
        sold.query(
            "INSERT INTO ledger.event SELECT max(position) + 1, %s, 1, %s, clock_timestamp(), "
            "'a', gen_random_uuid(), 'c', NULL, %s FROM ledger.event",
            *(f"payment-{tag}", tag, UNBALANCED),
        )
        with pytest.raises(error, match=words):
            await replayed(sold, [], at_once=2)
        sold.query("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
        sold.query("DELETE FROM ledger.event WHERE stream = %s", f"payment-{tag}")
