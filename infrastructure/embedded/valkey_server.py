"""A private Valkey on a Unix socket, with its append-only file in a folder of its own."""

import os
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import redis

from infrastructure.embedded import binaries, child, leftover, private_folder
from infrastructure.embedded.account import Account

START_SECONDS = 60.0
SOCKET_NAME = "valkey.sock"


class EmbeddedValkey:
    """One server in one directory; a context manager."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.absolute()
        # Valkey runs as root too.
        self._account = Account()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._sockets: Path | None = None

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
        """The URL for redis-py and dramatiq while the server runs."""
        return f"unix://{quote(str(self._socket()))}"

    def start(self) -> None:
        """Start, also after a kill; raises BinaryMissing, AlreadyRunning, ServerFailed.

        After any of them nothing runs and nothing is locked.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = child.lock_folder(self._directory)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server; what was enqueued is on disk. A repeat has no effect."""
        if self._process is not None:
            child.stop(self._process, how=signal.SIGTERM)
            self._process = None
        if self._sockets is not None:
            private_folder.forget_sockets(
                self._sockets, socket_name=SOCKET_NAME, record=self._socket_record()
            )
            self._sockets = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def restart_after_kill(self) -> None:
        """Start again at the same address after the server was killed; the lock is kept.

        What was in the append-only file is there again. Raises StillRunning, ServerFailed.
        """
        assert self._process is not None
        self._process.wait()
        self._start()

    def _start(self) -> None:
        leftover.end(self._directory, program="valkey-server", signals=(signal.SIGTERM,))
        self._sockets = private_folder.socket_folder(
            self._directory,
            socket_name=SOCKET_NAME,
            record=self._socket_record(),
            account=self._account,
        )
        log = self._directory / "valkey.log"
        command = [
            *(str(binaries.valkey_program()), "--port", "0", "--unixsocket", str(self._socket())),
            *("--unixsocketperm", "700", "--appendonly", "yes", "--save", ""),
            *("--dir", str(self._directory)),
        ]
        self._process = child.start(
            command, account=self._account, log=log, death_signal=signal.SIGTERM
        )
        child.await_ready(self._process, self._answers, log=log, seconds=START_SECONDS)

    def _socket_record(self) -> Path:
        return self._directory / "valkey.sockets"

    def _socket(self) -> Path:
        assert self._sockets is not None
        return self._sockets / SOCKET_NAME

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_timeout=1)
        try:
            return bool(client.ping())
        except (redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError):
            return False
        finally:
            client.close()
