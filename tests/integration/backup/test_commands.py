"""The commands as an operator calls them: what they print, and what they refuse."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infrastructure.backup import figures, manifest
from infrastructure.embedded import private_folder
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from interfaces.cli import main
from tests.integration.backup.conftest import History
from tests.support import servers


class Shell:
    """Calls commands in this process with the key of the backups."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def call(self, *words: object) -> tuple[int, str, str]:
        """The exit code, standard output and standard error."""
        self._monkeypatch.setattr("sys.argv", ["ais", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        shown = self._capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return code, shown.out, shown.err

    def json(self, *words: object) -> Any:
        """What a command that succeeds prints with --json."""
        code, out, err = self.call(*words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    def refused(self, *words: object, code: int = 1) -> str:
        """What a command that fails says, on standard error only."""
        found, out, err = self.call(*words)
        assert (found, out) == (code, "")
        return err


@pytest.fixture
def shell(
    history: History, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shell]:
    numbers = (signal.SIGTERM, signal.SIGINT)
    handlers = [signal.getsignal(number) for number in numbers]
    for name in [name for name in os.environ if name.startswith("AIS_")]:
        if name != "AIS_PG_BIN":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AIS_BACKUP_KEY", history.setting)
    monkeypatch.setenv("AIS_ADMIN_DATABASE_URL", history.dsn)
    yield Shell(capsys, monkeypatch)
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


def test_a_logical_backup_is_taken_verified_and_restored(
    shell: Shell, history: History, tmp_path: Path
) -> None:
    taken = shell.json("backup", "log", "--to", tmp_path / "log", "--keys", tmp_path / "keys")
    assert taken["position"] == history.positions["end"]
    folder = Path(taken["folder"])
    code, out, _ = shell.call("verify-backup", folder, "--keys", tmp_path / "keys")
    assert code == 0
    end = history.positions["end"]
    for line in (
        f"compared up to position {end}: schema",
        "hashes of ledger.command, ledger.event, ledger.posting",
        f"the log ends at position {end}",
        f"head hash {taken['head_hash']}",
        "the same trial balance",
        "the backup can be restored",
    ):
        assert line in out
    with servers.quick_folder() as place, EmbeddedPostgres(place, durable=False) as server:
        into = ("--into", server.dsn())
        said = shell.refused("restore", "log", folder, *into)
        assert (
            said == "ais restore log: --keys: name the folder of the keys, or say --without-keys\n"
        )
        restored = shell.json("restore", "log", folder, *into, "--keys", tmp_path / "keys")
        assert restored["found"]["hashes"]["ledger.event"] == taken["head_hash"]
        assert "it has a ledger already" in shell.refused(
            "restore", "log", folder, *into, "--keys", tmp_path / "keys"
        )


def test_a_physical_backup_is_taken_and_verified(
    shell: Shell, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to, keys = ("--to", tmp_path / "base"), ("--keys", tmp_path / "keys")
    taken = shell.json("backup", "base", *to, *keys)
    assert taken["expires_at"] is not None
    assert shell.json("backup", "erasures", *keys)["erasures"] == 1
    # Not even where the server's account cannot reach the scratch folder does anything remain.
    scratch_base = tmp_path / "scratch"
    scratch_base.mkdir(mode=0o700)
    lasting = set(private_folder.LASTING_BASE.glob("ais-*"))
    with monkeypatch.context() as changed:
        changed.setattr("tempfile.tempdir", str(scratch_base))
        verified = shell.json("verify-backup", taken["folder"], *keys)
    assert list(scratch_base.iterdir()) == []
    assert set(private_folder.LASTING_BASE.glob("ais-*")) <= lasting
    assert verified["restored"]["kind"] == "base"
    assert verified["replayed_entries"] > 0
    assert verified["restored"]["found"]["position"] == history.positions["end"]
    assert shell.json("backup", "prune", tmp_path / "base", tmp_path / "keys") == {"deleted": []}


def test_the_archive_is_brought_up_to_date_and_a_moment_is_restored(
    shell: Shell, history: History, tmp_path: Path
) -> None:
    archive = tmp_path / "wal"
    shutil.copytree(history.archive, archive)
    code, _, err = shell.call(
        "backup", "wal", "--once", "--to", archive, "--keys", history.keys_folder
    )
    assert (code, err) == (0, "")
    with servers.private_folder() as place:
        restored = shell.json(
            *("restore", "base", history.base[0], "--wal", archive, "--into", place / "new"),
            *("--keys", history.keys_folder, "--until", f"{history.moment:%Y-%m-%dT%H:%M:%S.%f}"),
        )
        assert restored["found"]["position"] == history.positions["first"]
        again = EmbeddedPostgres(place / "new", durable=False)
        with again as server, psycopg.connect(server.dsn()) as connection:
            assert figures.head(connection) == history.positions["first"]
        said = shell.refused(
            *("restore", "base", history.base[0], "--wal", archive, "--into", place / "new"),
            *("--keys", history.keys_folder),
        )
        assert "it is not empty: name a new folder" in said


@pytest.mark.parametrize("damage", ["log.dump.sealed", "manifest", "missing log.dump.sealed"])
def test_a_damaged_backup_is_refused_with_the_file_and_the_reason(
    shell: Shell, history: History, tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(history.log[0], folder)
    file = folder / damage.rpartition(" ")[2]
    if damage.startswith("missing"):
        file.unlink()
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    said = shell.refused("verify-backup", folder, "--keys", history.keys_folder)
    assert said.startswith(f"ais verify-backup: {file.name}: it ")
    assert ("missing" if damage.startswith("missing") else "changed") in said


def test_damaged_keys_are_refused_before_anything_is_restored(
    shell: Shell, history: History, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    shutil.copytree(history.keys_folder, keys)
    file = keys / f"keys-{history.log[1].id}" / "keys.dump.sealed"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with servers.quick_folder() as place, EmbeddedPostgres(place, durable=False) as server:
        said = shell.refused(
            "restore", "log", history.log[0], "--into", server.dsn(), "--keys", keys
        )
        assert said.startswith("ais restore log: keys.dump.sealed: it was changed")
        with psycopg.connect(server.dsn()) as connection:
            query = "SELECT FROM pg_namespace WHERE nspname = 'ledger'"
            assert connection.execute(query).fetchone() is None


@pytest.mark.parametrize("lost", ["the keys", "the erasures"])
def test_an_incomplete_key_store_is_refused(
    shell: Shell, history: History, tmp_path: Path, lost: str
) -> None:
    keys = tmp_path / "keys"
    shutil.copytree(history.keys_folder, keys)
    shutil.rmtree(keys / (f"keys-{history.log[1].id}" if lost == "the keys" else "erasures"))
    said = shell.refused("verify-backup", history.log[0], "--keys", keys)
    assert said.startswith("ais verify-backup: manifest: it is missing in")


def test_a_base_backup_needs_the_erasures_and_a_moment_needs_an_archive(
    shell: Shell, history: History, tmp_path: Path
) -> None:
    assert "needs the list of erasures" in shell.refused("verify-backup", history.base[0])
    said = shell.refused(
        *("restore", "base", history.base[0], "--into", tmp_path / "x"),
        *("--keys", history.keys_folder, "--until", "2026-11-27T12:00:00"),
    )
    assert "a moment needs the archive" in said


def test_a_file_of_the_archive_that_is_missing_is_named(
    shell: Shell, history: History, tmp_path: Path
) -> None:
    archive = tmp_path / "wal"
    shutil.copytree(history.archive, archive)
    # A listed one: a beginning that a longer one replaced lies there for readers of before.
    listed = manifest.read(archive, history.keys, kinds=("wal",)).files
    lost = archive / listed[0].name
    lost.unlink()
    said = shell.refused(
        "verify-backup", history.base[0], "--wal", archive, "--keys", history.keys_folder
    )
    assert said == f"ais verify-backup: {lost.name}: it is missing\n"


@pytest.mark.parametrize("setting", ["", "short"])
def test_a_missing_or_malformed_key_is_a_wrong_setting(
    shell: Shell, history: History, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("AIS_BACKUP_KEY", setting)
    said = shell.refused("verify-backup", history.log[0], code=2)
    assert said.startswith("ais verify-backup: AIS_BACKUP_KEY: ")


def test_a_fresh_key_is_one_and_another_key_reads_nothing(
    shell: Shell, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, fresh, _ = shell.call("backup", "key")
    monkeypatch.setenv("AIS_BACKUP_KEY", fresh.strip())
    said = shell.refused("verify-backup", history.log[0])
    assert "no key of AIS_BACKUP_KEY has the id" in said


def test_a_database_that_does_not_answer_leaves_no_backup(shell: Shell, tmp_path: Path) -> None:
    nowhere = f"host={tmp_path} dbname=x"
    said = shell.refused(
        "backup", "log", "--to", tmp_path / "log", "--keys", tmp_path / "k", "--dsn", nowhere
    )
    assert said.startswith("ais backup log: connection")
    assert not list((tmp_path / "log").rglob("manifest"))


def test_consumers_are_set_back_by_command(shell: Shell, history: History) -> None:
    with servers.quick_folder() as place, EmbeddedPostgres(place, durable=False) as server:
        shell.json(
            *("restore", "log", history.log[0], "--into", server.dsn()),
            *("--keys", history.keys_folder),
        )
        settled = shell.json(
            "restore", "consumers", "--dsn", server.dsn(), "--keys", history.keys_folder
        )
        assert settled == {"destroyed_keys": 0, "erasures": 1, "to_rebuild": []}
