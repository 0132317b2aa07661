"""A file of a backup is read back whole, or refused: at any changed, missing, moved or cut byte."""

import base64
import datetime as dt
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.backup import backup_keys, checking, manifest, retention, sealed_file
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.manifest import BackupRefused, Manifest, SealedFile
from infrastructure.sealing.master_key import MasterKeyMalformed

OLD = base64.urlsafe_b64encode(b"o" * 32).decode()
NEW = base64.urlsafe_b64encode(b"n" * 32).decode()
KEYS = backup_keys.parse(OLD)
NOW = dt.datetime(2026, 11, 27, 12, 0, tzinfo=dt.UTC)
CHUNK = sealed_file.CHUNK_LENGTH_BYTES


def noise(length: int) -> bytes:
    """Bytes that do not get shorter by compression."""
    return random.Random(length).randbytes(length)


def quiet(_name: str, _done: int) -> None:
    """Show no progress."""


def backup_of(folder: Path, *contents: bytes, keys: BackupKeys = KEYS, **more: object) -> Manifest:
    """A backup of these contents."""
    files = tuple(
        sealed_file.seal([content], folder / f"{number}.sealed", keys, owner="backup-1")
        for number, content in enumerate(contents)
    )
    made = Manifest(
        key_id=keys.newest_id.hex(), id="backup-1", kind="log", taken_at=NOW, files=files
    )
    made = msgspec.structs.replace(made, **more)
    manifest.write(folder, made, keys)
    return made


def checked(folder: Path, keys: BackupKeys = KEYS) -> int:
    """Read everything, as a restore does before it begins."""
    found = manifest.read(folder, keys, kinds=("log",))
    return checking.check_files(folder, found, keys, quiet)


def read(folder: Path, file: SealedFile, keys: BackupKeys = KEYS, owner: str = "backup-1") -> bytes:
    return b"".join(sealed_file.opened(folder / file.name, keys, owner=owner, expected=file))


@pytest.fixture(scope="module")
def backup() -> Iterator[tuple[Path, dict[str, bytes]]]:
    """A backup of two files, one of several chunks; and all its bytes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        backup_of(folder, noise(2 * CHUNK + 12_345), b"short")
        yield folder, {path.name: path.read_bytes() for path in folder.iterdir()}


@given(data=st.data())
def test_a_flipped_bit_anywhere_is_refused_with_the_file(
    backup: tuple[Path, dict[str, bytes]], data: st.DataObject
) -> None:
    folder, contents = backup
    name = data.draw(st.sampled_from(sorted(contents)))
    whole = contents[name]
    ends = st.one_of(
        st.integers(0, min(200, len(whole) - 1)),
        st.integers(0, len(whole) - 1),
        st.integers(max(0, len(whole) - 200), len(whole) - 1),
    )
    at, bit = data.draw(ends), data.draw(st.integers(0, 7))
    changed = bytearray(whole)
    changed[at] ^= 1 << bit
    try:
        (folder / name).write_bytes(changed)
        with pytest.raises(BackupRefused) as refused:
            checked(folder)
    finally:
        (folder / name).write_bytes(whole)
    assert refused.value.file == name
    assert refused.value.reason


@given(data=st.data())
def test_a_cut_or_a_lengthened_file_is_refused_even_if_its_size_is_believed(
    backup: tuple[Path, dict[str, bytes]], data: st.DataObject
) -> None:
    folder, contents = backup
    name = data.draw(st.sampled_from(["0.sealed", "1.sealed"]))
    whole = contents[name]
    boundary = 44 + data.draw(st.integers(0, 2)) * (CHUNK + 16)
    length = data.draw(st.one_of(st.integers(0, len(whole) - 1), st.just(boundary)))
    changed = whole[:length] if length < len(whole) else whole + b"x"
    try:
        (folder / name).write_bytes(changed)
        with pytest.raises(BackupRefused) as refused:
            checked(folder)
        believed = SealedFile(name, len(changed), "")
        with pytest.raises(BackupRefused, match=r"changed|not a file|cannot be|not the file"):
            read(folder, believed)
    finally:
        (folder / name).write_bytes(whole)
    assert refused.value.file == name


def test_every_missing_file_is_named(backup: tuple[Path, dict[str, bytes]]) -> None:
    folder, contents = backup
    for name, whole in contents.items():
        (folder / name).unlink()
        with pytest.raises(BackupRefused, match="missing") as refused:
            checked(folder)
        (folder / name).write_bytes(whole)
        assert refused.value.file == name
    assert checked(folder) == 2 * CHUNK + 12_345 + 5


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_was_sealed_is_read_back(tmp_path: Path, length: int) -> None:
    content = noise(length)
    [file] = backup_of(tmp_path, content).files
    assert read(tmp_path, file) == content
    sealed = (tmp_path / file.name).read_bytes()
    assert len(sealed) == file.size
    # Fewer bytes may be in the sealed file by chance.
    assert length < 16 or content[:16] not in sealed


def test_two_chunks_cannot_change_places(tmp_path: Path) -> None:
    [file] = backup_of(tmp_path, noise(3 * CHUNK)).files
    path = tmp_path / file.name
    whole, begin, step = path.read_bytes(), 44, CHUNK + 16
    one, two = whole[begin : begin + step], whole[begin + step : begin + 2 * step]
    path.write_bytes(whole[:begin] + two + one + whole[begin + 2 * step :])
    with pytest.raises(BackupRefused, match="changed at or behind byte 44"):
        read(tmp_path, file)


def test_a_file_of_another_backup_or_of_another_name_is_refused(tmp_path: Path) -> None:
    [one, two] = backup_of(tmp_path, b"same length 1", b"same length 2").files
    with pytest.raises(BackupRefused, match="changed"):
        read(tmp_path, one, owner="backup-2")
    (tmp_path / two.name).write_bytes((tmp_path / one.name).read_bytes())
    with pytest.raises(BackupRefused, match=r"1.sealed: it was changed"):
        read(tmp_path, msgspec.structs.replace(two, size=one.size))


def test_an_older_file_of_the_same_backup_is_refused(tmp_path: Path) -> None:
    """It is authentic, and still not the one that the manifest lists."""
    [listed] = backup_of(tmp_path, b"new").files
    (tmp_path / listed.name).unlink()
    sealed_file.seal([b"old"], tmp_path / listed.name, KEYS, owner="backup-1")
    with pytest.raises(BackupRefused, match="not the file that the manifest lists"):
        checked(tmp_path)


def test_a_new_key_in_front_reads_what_the_old_one_encrypted(tmp_path: Path) -> None:
    backup_of(tmp_path, b"content")
    assert checked(tmp_path, backup_keys.parse(f"{NEW},{OLD}")) == 7
    with pytest.raises(BackupRefused, match="no key of AIS_BACKUP_KEY has the id"):
        checked(tmp_path, backup_keys.parse(NEW))


def test_a_manifest_of_another_kind_is_refused(tmp_path: Path) -> None:
    backup_of(tmp_path, b"content", kind="keys")
    with pytest.raises(BackupRefused, match="it is of kind keys, not log"):
        checked(tmp_path)


def test_an_interrupted_backup_is_none(tmp_path: Path) -> None:
    def failing() -> Iterator[bytes]:
        yield b"some"
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        sealed_file.seal(failing(), tmp_path / "0.sealed", KEYS, owner="backup-1")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BackupRefused, match="not complete"):
        checked(tmp_path)


@pytest.mark.parametrize("setting", ["", "short", f"{OLD},"])
def test_a_malformed_key_is_refused(setting: str) -> None:
    with pytest.raises(MasterKeyMalformed):
        backup_keys.parse(setting)


def test_only_what_has_expired_is_deleted(tmp_path: Path) -> None:
    day = dt.timedelta(days=1)
    for name, expires in (("log", None), ("new", NOW + day), ("due", NOW), ("old", NOW - day)):
        (tmp_path / name).mkdir()
        backup_of(tmp_path / name, b"content", expires_at=expires)
    (tmp_path / "something else").mkdir()
    assert retention.prune(tmp_path, KEYS, NOW) == ["due", "old"]
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"log", "new", "something else"}
