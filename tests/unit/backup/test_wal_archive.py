"""The archive of the write-ahead log in a folder: what is listed, replaced, missing, too old."""

import datetime as dt
import os
from pathlib import Path

import pytest

from infrastructure.backup import backup_keys, manifest, wal_archive
from infrastructure.backup.manifest import BackupRefused
from infrastructure.backup.wal_archive import WalArchive
from infrastructure.sealing import master_key

KEYS = backup_keys.parse(master_key.generated())
SEGMENT_BYTES = 16 * 2**20
LAST_OF_FOUR_GIGABYTES = "0000000100000000000000FF"
FIRST_OF_THE_NEXT = "000000010000000100000000"


def segment(number: int, timeline: int = 1) -> str:
    return f"{timeline:08X}{number // 256:08X}{number % 256:08X}"


def archive(folder: Path) -> WalArchive:
    return WalArchive(folder, KEYS, system="7")


def receive(folder: Path, name: str, content: bytes) -> None:
    """As pg_receivewal writes it."""
    (folder / "spool" / name).write_bytes(content)


def unpacked(folder: Path, target: Path, system: str = "7") -> dict[str, bytes]:
    target.mkdir()
    names = wal_archive.unpack(folder, target, KEYS, system=system)
    return {name: (target / name).read_bytes() for name in names}


def test_the_newest_beginning_of_a_file_counts_and_then_the_whole(tmp_path: Path) -> None:
    folder = tmp_path / "wal"
    found = archive(folder)
    for number, content in enumerate((b"one", b"one two", b"one two three")):
        receive(folder, f"{segment(1)}.partial", content)
        os.utime(folder / "spool" / f"{segment(1)}.partial", ns=(number, number))
        assert found.seal() == 1
        assert found.seal() == 0, "nothing new was received"
        assert unpacked(folder, tmp_path / f"out{number}") == {segment(1): content}
    (folder / "spool" / f"{segment(1)}.partial").rename(folder / "spool" / segment(1))
    receive(folder, segment(1), b"one two three four")
    assert found.seal() == 1
    assert unpacked(folder, tmp_path / "whole") == {segment(1): b"one two three four"}
    assert list((folder / "spool").iterdir()) == []


def test_a_run_goes_on_where_another_ended_and_clears_what_that_did_not_list(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "wal"
    first = archive(folder)
    receive(folder, segment(1), b"one")
    first.seal()
    receive(folder, segment(2), b"two")
    (folder / f"{segment(2)}.sealed").write_bytes(b"cut off by a crash")
    second = archive(folder)
    second.seal()
    assert unpacked(folder, tmp_path / "out") == {segment(1): b"one", segment(2): b"two"}


def test_the_archive_of_another_cluster_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "wal"
    found = archive(folder)
    receive(folder, segment(1), b"one")
    found.seal()
    with pytest.raises(BackupRefused, match="another cluster"):
        WalArchive(folder, KEYS, system="8")
    with pytest.raises(BackupRefused, match="another cluster"):
        unpacked(folder, tmp_path / "out", system="8")


def test_a_listed_file_that_is_missing_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "wal"
    found = archive(folder)
    for number in (1, 2):
        receive(folder, segment(number), b"x")
    found.seal()
    (folder / f"{segment(2)}.sealed").unlink()
    with pytest.raises(BackupRefused, match=f"{segment(2)}.sealed: it is missing"):
        unpacked(folder, tmp_path / "out")


def test_what_is_older_than_erased_keys_may_be_is_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "wal"
    found = archive(folder)
    receive(folder, segment(1), b"one")
    found.seal()
    now = dt.datetime.now(dt.UTC)
    age = (now - manifest.key_retention(now)).timestamp() - 60
    os.utime(folder / f"{segment(1)}.sealed", (age, age))
    for number in (2, 3):
        receive(folder, segment(number), b"x")
        found.seal()
    assert {path.name for path in folder.glob("*.sealed")} == {
        f"{segment(2)}.sealed",
        f"{segment(3)}.sealed",
    }
    assert set(unpacked(folder, tmp_path / "out")) == {segment(2), segment(3)}


@pytest.mark.parametrize(
    ("base", "archived", "missing"),
    [
        ([1, 2], [2, 3, 4], None),
        ([1, 2], [3, 4], None),
        ([1, 2], [], None),
        ([1, 2], [4, 5], 3),
        ([1, 2], [3, 5], 4),
        ([2], [1, 2, 3], None),
    ],
)
def test_a_gap_behind_the_base_backup_is_named(
    base: list[int], archived: list[int], missing: int | None
) -> None:
    names = [segment(number) for number in base], [segment(number) for number in archived]
    if missing is None:
        wal_archive.require_whole(*names, segment_bytes=SEGMENT_BYTES)
        return
    with pytest.raises(BackupRefused) as refused:
        wal_archive.require_whole(*names, segment_bytes=SEGMENT_BYTES)
    assert refused.value.file == segment(missing)


def test_files_are_counted_over_four_gigabytes_and_over_timelines() -> None:
    wal_archive.require_whole(
        [LAST_OF_FOUR_GIGABYTES], [FIRST_OF_THE_NEXT], segment_bytes=SEGMENT_BYTES
    )
    wal_archive.require_whole(
        [segment(1)],
        [segment(2), segment(2, 2), segment(3, 2), "00000002.history"],
        segment_bytes=SEGMENT_BYTES,
    )
