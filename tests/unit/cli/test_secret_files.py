"""Settings from files: what containers and systemd hand to a process."""

import subprocess
import sys
from pathlib import Path

import pytest

from interfaces.cli import secret_files

ROOT = Path(__file__).resolve().parents[3]


def test_each_file_is_the_setting_of_its_name_without_its_last_newline(tmp_path: Path) -> None:
    (tmp_path / "AIS_MASTER_KEY").write_text("one,two\n")
    (tmp_path / "AIS_TOKEN_KEY").write_text("-----BEGIN\nkey\n-----END\n")
    (tmp_path / "AIS_SENTRY_DSN").write_text("\n")
    (tmp_path / "..data").mkdir()
    (tmp_path / "notes.txt").write_text("not a setting")
    environment = {"AIS_SECRETS_DIR": str(tmp_path), "AIS_PORT": "1"}
    secret_files.add_to(environment)
    assert environment == {
        "AIS_PORT": "1",
        "AIS_MASTER_KEY": "one,two",
        "AIS_TOKEN_KEY": "-----BEGIN\nkey\n-----END",
    }


def test_a_setting_that_is_given_twice_or_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    secret = tmp_path / "AIS_MASTER_KEY"
    secret.write_text("hidden")
    where = {"AIS_SECRETS_DIR": str(tmp_path)}
    with pytest.raises(secret_files.SecretFileRefused, match=r"^AIS_MASTER_KEY is given twice"):
        secret_files.add_to({**where, "AIS_MASTER_KEY": "other"})
    secret.write_bytes(b"\xff")
    with pytest.raises(secret_files.SecretFileRefused, match="UTF-8"):
        secret_files.add_to(dict(where))
    secret.write_bytes(b"x" * (secret_files.MOST_BYTES + 1))
    with pytest.raises(secret_files.SecretFileRefused, match="more than"):
        secret_files.add_to(dict(where))
    with pytest.raises(secret_files.SecretFileRefused, match="AIS_SECRETS_DIR"):
        secret_files.add_to({"AIS_SECRETS_DIR": str(tmp_path / "absent")})


def test_a_command_takes_its_settings_from_the_files(tmp_path: Path) -> None:
    (tmp_path / "AIS_ADMIN_DATABASE_URL").write_text(f"host={tmp_path} dbname=ais\n")
    done = subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", "migrate"],
        cwd=ROOT,
        env={"AIS_SECRETS_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr
