"""The scripts of the Compose file, run on a real PostgreSQL and a real Valkey."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
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

    def write(self, name: str, text: str) -> None:
        """A file that the account may read."""
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o644)

    def start(self, script: str, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """Start a script with these variables."""
        return subprocess.Popen(
            ["sh", str(self.folder / script), *arguments],
            env={"PATH": f"{self.bin}:{os.environ['PATH']}", **environment},
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


def test_the_standby_is_made_follows_and_is_what_commits_wait_for() -> None:
    with (
        servers.quick_folder() as folder,
        EmbeddedPostgres(folder / "primary", durable=False) as primary,
    ):
        stage = Stage(folder)
        parts = psycopg.conninfo.conninfo_to_dict(primary.dsn())
        secret = {"REPLICATION_PASSWORD_FILE": f"{folder}/replication_password"}
        where = {"PGHOST": str(parts["host"]), "PGPORT": str(parts["port"])}
        login = {"POSTGRES_USER": str(parts["user"]), "POSTGRES_DB": str(parts["dbname"])}
        own = {"PGDATA": str(primary.data_directory)}
        stage.run("replication.sh", **secret, **where, **login, **own)
        hba = (primary.data_directory / "pg_hba.conf").read_text().splitlines()
        assert hba[-1] == "host replication ais_standby all scram-sha-256"
        with psycopg.connect(primary.dsn(), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
            following = stage.start(
                "standby.sh",
                *("-c", f"unix_socket_directories={folder}", "-c", "listen_addresses="),
                *("-c", "shared_buffers=16MB", "-c", "fsync=off"),
                PRIMARY_HOST=where["PGHOST"],
                PRIMARY_PORT=where["PGPORT"],
                POSTGRES_CONFIG=f"{folder}/postgresql.conf",
                PGPASSFILE=f"{folder}/pgpass",
                PGDATA=f"{folder}/standby/18/docker",
                **secret,
            )
            try:
                _until(lambda: _is_synchronous(connection), following)
                connection.execute("CREATE TABLE followed (number integer)")
                with psycopg.connect(host=str(folder), user="ais", dbname="ais") as copy:
                    copy.autocommit = True
                    assert copy.execute("SHOW synchronous_standby_names").fetchall() == [("",)]
                    _until(lambda: _has_followed(copy), following)
                connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
                connection.execute("SELECT pg_reload_conf()")
            finally:
                following.send_signal(signal.SIGINT)
                following.wait()
        assert following.returncode == 0
        assert (folder / "pgpass").stat().st_mode & 0o077 == 0


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
        EmbeddedPostgres(folder / "primary", durable=False) as primary,
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
