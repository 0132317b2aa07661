"""A private PostgreSQL: initialised once, listening on a Unix socket in a folder of its own.

Trust authentication is safe because only the owner of that folder (and root) can reach the
socket. `durable=False` is for tests alone: it switches fsync off.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import psycopg
from psycopg import conninfo, sql

from infrastructure.embedded import (
    account,
    binaries,
    child,
    leftover,
    private_folder,
    server_files,
)
from infrastructure.embedded.server_files import ServerFiles

SUPERUSER = "ais"
DATABASE = "ais"
PORT = 5432
START_SECONDS = 60.0
SOCKET_NAME = f".s.PGSQL.{PORT}"

_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# On systems without C.UTF-8, C sorts the same way.
_LOCALE = "C.UTF-8" if sys.platform == "linux" else "C"


class EmbeddedPostgres:
    """One server in one directory; a context manager."""

    def __init__(
        self,
        directory: Path,
        *,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        bin_directory: Path | None = None,
        superuser: str = SUPERUSER,
        database: str = DATABASE,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self._directory = directory.absolute()
        named = os.environ.get("AIS_PG_BIN")
        self._bin_directory = bin_directory or (Path(named) if named else None)
        self._durable = durable
        self._settings = {**_SETTINGS, **({} if durable else _NOT_DURABLE), **(settings or {})}
        self._account = account.unprivileged()
        self._superuser = superuser
        self._database = database
        self._start_seconds = start_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._sockets: Path | None = None

    def __enter__(self) -> "EmbeddedPostgres":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid

    @property
    def data_directory(self) -> Path:
        """The directory that initdb made, or that a backup was restored to."""
        return server_files.prepare(self._directory, self._account).data

    def dsn(self, database: str | None = None, user: str | None = None) -> str:
        """Return a libpq connection string over the socket of the running server."""
        assert self._sockets is not None
        return conninfo.make_conninfo(
            host=str(self._sockets),
            port=PORT,
            user=user or self._superuser,
            dbname=database or self._database,
        )

    def start(self) -> None:
        """Initialise if necessary, recover from an earlier kill, start, create the database.

        Raises BinaryMissing, AlreadyRunning, StillRunning, Vanished, ServerFailed; after any of
        them nothing runs and nothing is locked.
        """
        server_files.make_folder(self._directory, self._account)
        self._lock = child.lock_folder(self._directory)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut down fast: disconnect clients, keep durable data. A repeat has no effect."""
        if self._process is not None:
            child.stop(self._process, how=signal.SIGINT)
            self._process = None
        if self._sockets is not None:
            private_folder.forget_sockets(
                self._sockets, socket_name=SOCKET_NAME, record=self._socket_record()
            )
            self._sockets = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def kill(self) -> None:
        """Stop hard, as when its machine is lost: no checkpoint, no farewell to anybody."""
        assert self._process is not None
        # Its sessions, too: one that is left would still commit.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def restart_after_kill(self) -> None:
        """Start again at the same address after the server was killed; the lock is kept.

        The server recovers from its write-ahead log. Raises StillRunning, ServerFailed.
        """
        assert self._process is not None
        self._process.wait()
        self._start()

    def _start(self) -> None:
        files = server_files.prepare(self._directory, self._account)
        programs = self._programs(files)
        self._initialise(programs, files)
        _end_leftover(files.data)
        self._sockets = private_folder.socket_folder(
            files.home / "s",
            socket_name=SOCKET_NAME,
            record=self._socket_record(),
            account=self._account,
        )
        command = [str(programs / "postgres"), "-D", str(files.data), "-p", str(PORT)]
        settings = {**self._settings, "unix_socket_directories": str(self._sockets)}
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self._process = child.start(
            command, account=self._account, log=files.log, death_signal=signal.SIGINT
        )
        child.await_ready(self._process, self._answers, log=files.log, seconds=self._start_seconds)
        self._create_database()

    def _programs(self, files: ServerFiles) -> Path:
        folder = binaries.postgres_folder(self._bin_directory)
        if child.answers_version(folder / "postgres", account=self._account):
            return folder
        return binaries.copy_for_others(folder, files.place)

    def _initialise(self, programs: Path, files: ServerFiles) -> None:
        if (files.data / "PG_VERSION").exists():
            return
        unfinished = files.home / "data.unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        command = [
            *(str(programs / "initdb"), "-D", str(unfinished), "-U", self._superuser),
            *("--auth=trust", "--encoding=UTF8", f"--locale={_LOCALE}"),
        ]
        if not self._durable:
            command.append("--no-sync")
        child.run(command, account=self._account, log=files.log)
        unfinished.rename(files.data)

    def _socket_record(self) -> Path:
        return self._directory / "postgres.sockets"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_database(self) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            found = connection.execute(
                "SELECT FROM pg_database WHERE datname = %s", (self._database,)
            ).fetchone()
            if found is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._database))
                )


def _end_leftover(data: Path) -> None:
    """End the processes of an earlier server, sessions included, and delete its pid file.

    Only then is the file certainly stale; the server itself would refuse to start if another
    process now has the process id in it.
    """
    leftover.end(data, program="postgres", signals=(signal.SIGINT, signal.SIGQUIT))
    (data / "postmaster.pid").unlink(missing_ok=True)
