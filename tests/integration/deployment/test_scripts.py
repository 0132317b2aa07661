"""The scripts of the Compose file, run on a real PostgreSQL and a real Valkey."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from infrastructure.embedded import account, binaries
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import migrate, roles
from tests.integration.deployment import compose_file
from tests.support import ports, servers
from tests.support.stored_log import WAIT_SECONDS

PASSWORD = "it's a 'quoted' one"
# The server then logs every statement.
TALKATIVE = {"log_statement": "all", "log_min_duration_statement": "0"}


class Stage:
    """A folder with copies of the scripts, for an account that PostgreSQL runs as."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.account = account.unprivileged()
        for source in (compose_file.FOLDER, compose_file.FOLDER / "postgres"):
            for path in source.iterdir():
                if path.suffix in {".sh", ".conf"}:
                    shutil.copy(path, folder)
        for name in ("replication", "postgres", "application", "projector", "reader", "valkey"):
            self.write(f"{name}_password", f"{PASSWORD}\n")
        folder.chmod(0o777)
        self.bin = binaries.postgres_folder(None)
        if self.account.user is not None and not self.account.passes(self.bin):
            self.bin = binaries.copy_for_others(self.bin, folder)
        self._record_arguments("psql")

    def write(self, name: str, text: str) -> None:
        """A file that the account may read."""
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o644)

    @property
    def arguments(self) -> str:
        """The arguments of psql so far."""
        return (self.folder / "arguments").read_text()

    def _record_arguments(self, program: str) -> None:
        recording = self.folder / "recording"
        recording.mkdir()
        self.write("arguments", "")
        (self.folder / "arguments").chmod(0o666)
        (recording / program).write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$*" >> {self.folder}/arguments\n'
            f'exec {self.bin}/{program} "$@"\n'
        )
        (recording / program).chmod(0o755)
        recording.chmod(0o755)

    def start(self, script: str, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """Start a script with these variables."""
        return subprocess.Popen(
            ["sh", str(self.folder / script), *arguments],
            env={
                "PATH": f"{self.folder}/recording:{self.bin}:{os.environ['PATH']}",
                **environment,
            },
            user=self.account.user,
            group=self.account.group,
            extra_groups=None if self.account.user is None else [],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, script: str, **environment: str) -> None:
        """Run a script to its end, which is 0."""
        process = self.start(script, **environment)
        printed, _ = process.communicate()
        assert process.returncode == 0, printed


def _until(holds: Callable[[], Any], process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.05)


def _logged(server: EmbeddedPostgres) -> str:
    return (server.data_directory.parents[1] / "postgres.log").read_text()


def _standby(
    stage: Stage, name: str, source: Path, **environment: str
) -> contextlib.AbstractContextManager["subprocess.Popen[str]"]:
    """Run standby.sh in a folder of this name, as a copy of the server with this socket."""
    home = stage.folder / name
    home.mkdir()
    home.chmod(0o777)
    process = stage.start(
        "standby.sh",
        *("-c", f"unix_socket_directories={home}", "-c", "listen_addresses="),
        *("-c", "shared_buffers=16MB", "-c", "fsync=off"),
        PRIMARY_HOST=str(source),
        POSTGRES_CONFIG=f"{stage.folder}/postgresql.conf",
        PGPASSFILE=f"{stage.folder}/pgpass",
        PGDATA=f"{home}/18/docker",
        REPLICATION_PASSWORD_FILE=f"{stage.folder}/replication_password",
        **environment,
    )
    return _ended(process)


@contextlib.contextmanager
def _ended(process: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 0


def _require(connection: "psycopg.Connection[Any]") -> None:
    """The last step of the runbook: commits wait for the standby."""
    connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'ais_standby'")
    connection.execute("SELECT pg_reload_conf()")


def _connected(folder: Path) -> "psycopg.Connection[Any]":
    return psycopg.connect(host=str(folder), user="ais", dbname="ais", autocommit=True)


def test_the_standby_follows_is_what_commits_wait_for_and_once_promoted_has_one_itself() -> None:
    with (
        servers.quick_folder() as folder,
        EmbeddedPostgres(folder / "primary", durable=False, settings=TALKATIVE) as primary,
    ):
        stage = Stage(folder)
        parts = psycopg.conninfo.conninfo_to_dict(primary.dsn())
        stage.run(
            "replication.sh",
            REPLICATION_PASSWORD_FILE=f"{folder}/replication_password",
            PGHOST=str(parts["host"]),
            PGPORT=str(parts["port"]),
            POSTGRES_USER=str(parts["user"]),
            POSTGRES_DB=str(parts["dbname"]),
            PGDATA=str(primary.data_directory),
        )
        hba = (primary.data_directory / "pg_hba.conf").read_text().splitlines()
        assert hba[-1] == "host replication ais_standby all scram-sha-256"
        with psycopg.connect(primary.dsn(), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
            source = Path(str(parts["host"]))
            with _standby(stage, "one", source, PRIMARY_PORT=str(parts["port"])) as following:
                _until(lambda: _is_synchronous(connection), following)
                connection.execute("CREATE TABLE followed (number integer)")
                with _connected(folder / "one") as copy:
                    assert copy.execute("SHOW synchronous_standby_names").fetchall() == [("",)]
                    _until(lambda: _has_followed(copy), following)
                    connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
                    connection.execute("SELECT pg_reload_conf()")
                    assert copy.execute("SELECT pg_promote()").fetchall() == [(True,)]
                    copy.execute("SELECT pg_create_physical_replication_slot('ais_standby', true)")
                    with _standby(stage, "two", folder / "one") as second:
                        _until(lambda: _follows(copy), second)
                        _require(copy)
                        _until(lambda: _is_synchronous(copy), second)
                        copy.execute("ALTER SYSTEM RESET synchronous_standby_names")
                        copy.execute("SELECT pg_reload_conf()")
        assert (folder / "pgpass").stat().st_mode & 0o077 == 0
        assert "quoted" not in stage.arguments
        assert "CREATE TABLE followed" in _logged(primary)
        assert "quoted" not in _logged(primary)


def _follows(connection: "psycopg.Connection[Any]") -> bool:
    rows = connection.execute(
        "SELECT FROM pg_stat_replication WHERE application_name = 'ais_standby' "
        "AND state = 'streaming'"
    )
    return len(rows.fetchall()) == 1


def _has_followed(copy: "psycopg.Connection[Any]") -> bool:
    rows = copy.execute("SELECT FROM pg_class WHERE relname = 'followed'")
    return rows.fetchone() is not None


def _is_synchronous(connection: "psycopg.Connection[Any]") -> bool:
    rows = connection.execute(
        "SELECT sync_state FROM pg_stat_replication WHERE application_name = 'ais_standby'"
    )
    # While the copy is made there are two.
    return rows.fetchall() == [("sync",)]


def test_the_logins_are_made_once_and_their_passwords_are_those_of_the_files() -> None:
    with (
        servers.quick_folder() as folder,
        EmbeddedPostgres(folder / "primary", durable=False, settings=TALKATIVE) as primary,
    ):
        stage = Stage(folder)
        migrate.migrate(primary.dsn())
        parts = psycopg.conninfo.conninfo_to_dict(primary.dsn())
        where = {f"PG{name.upper()}": str(parts[name]) for name in ("host", "port", "user")}
        for _ in range(2):
            stage.run(
                "logins.sh", SECRETS_DIR=str(folder), PGDATABASE=str(parts["dbname"]), **where
            )
        with psycopg.connect(primary.dsn()) as connection:
            for login, group in (
                (roles.APPLICATION_LOGIN, "ais_application"),
                (roles.PROJECTOR_LOGIN, "ais_projector"),
                (roles.READER_LOGIN, "ais_reader"),
            ):
                found = connection.execute(
                    "SELECT pg_has_role(rolname, %s, 'MEMBER'), rolcanlogin, rolsuper, "
                    "rolpassword LIKE 'SCRAM-SHA-256$%%' FROM pg_authid WHERE rolname = %s",
                    (group, login),
                ).fetchall()
                assert found == [(True, True, False, True)]
        assert "quoted" not in stage.arguments
        assert "CREATE ROLE ais_app" in _logged(primary)
        assert "quoted" not in _logged(primary)


def test_valkey_asks_for_the_password_of_its_file() -> None:
    with servers.quick_folder() as folder:
        stage = Stage(folder)
        stage.write("valkey_password", "secret\n")
        programs = folder / "programs"
        programs.mkdir()
        shutil.copy(binaries.valkey_program(), programs / "valkey-server")
        programs.chmod(0o755)
        port = ports.free_port()
        stage.bin = programs
        process = stage.start(
            "valkey.sh",
            *("--port", str(port), "--bind", "127.0.0.1"),
            VALKEY_PASSWORD_FILE=f"{folder}/valkey_password",
            VALKEY_CONFIG=f"{folder}/valkey.conf",
            VALKEY_DATA=str(folder),
        )
        try:
            with redis.Redis(port=port, password="secret", retry=None) as known:
                _until(lambda: _answers(known), process)
                assert known.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
                assert known.config_get("appendonly") == {"appendonly": "yes"}
            with (
                redis.Redis(port=port, retry=None) as unknown,
                pytest.raises(redis.AuthenticationError),
            ):
                unknown.ping()
        finally:
            process.terminate()
            process.wait()
        assert (folder / "valkey.conf").stat().st_mode & 0o077 == 0


def _answers(server: redis.Redis) -> bool:
    try:
        return bool(server.ping())
    except redis.ConnectionError:
        return False
