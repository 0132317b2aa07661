"""A private Valkey on a Unix socket, with its append-only file in a folder of its own."""

import hashlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import redis

from infrastructure.embedded import binaries, child

START_SECONDS = 15.0
SOCKET_LIMIT = 100


class EmbeddedValkey:
    """One server in one directory; a context manager."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.absolute()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    def __enter__(self) -> "EmbeddedValkey":
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
    def url(self) -> str:
        """What redis-py and dramatiq connect to."""
        return f"unix://{self._socket()}"

    def start(self) -> None:
        """Start, also after a kill; raises BinaryMissing, AlreadyRunning, ServerFailed."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = child.lock_folder(self._directory)
        self._end_former()
        socket = self._socket()
        socket.parent.mkdir(mode=0o700, exist_ok=True)
        socket.unlink(missing_ok=True)
        log = self._directory / "valkey.log"
        command = [
            *(str(binaries.valkey_program()), "--port", "0", "--unixsocket", str(socket)),
            *("--unixsocketperm", "700", "--appendonly", "yes", "--save", ""),
            *("--dir", str(self._directory), "--pidfile", str(self._pid_file())),
        ]
        account = child.Account()
        account.user = account.group = None  # it has no objection to root
        self._process = child.start(command, account=account, log=log, death_signal=signal.SIGTERM)
        self._pid_file().write_text(str(self._process.pid))
        child.await_ready(self._process, self._answers, log=log, seconds=START_SECONDS)

    def stop(self) -> None:
        """End it; what was enqueued is on disk."""
        if self._process is not None:
            child.stop(self._process, how=signal.SIGTERM)
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _end_former(self) -> None:
        pid_file = self._pid_file()
        if pid_file.exists():
            text = pid_file.read_text().strip()
            if text.isdigit():
                child.end_orphan(int(text), marker=str(self._socket()), how=signal.SIGTERM)
            pid_file.unlink()

    def _pid_file(self) -> Path:
        return self._directory / "valkey.pid"

    def _socket(self) -> Path:
        beside = self._directory / "valkey.sock"
        if len(os.fsencode(beside)) <= SOCKET_LIMIT:
            return beside
        digest = hashlib.sha256(os.fsencode(self._directory)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"ais-{os.geteuid()}-{digest}" / "valkey.sock"

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_timeout=1)
        try:
            return bool(client.ping())
        except (redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError):
            return False
        finally:
            client.close()
