"""A server as our child: dies with us, is told apart from strangers, never started twice.

On Linux the kernel tells the child when we die, even by `kill -9`. Elsewhere the next start
finds the orphan by its command line and ends it first.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
END_SECONDS = 20.0
POLL_SECONDS = 0.02


class AlreadyRunning(Exception):
    """Another live process uses this data directory."""


class ServerFailed(Exception):
    """The server ended or did not answer in time; the message has the end of its log."""


class Account:
    """The account a server runs under: `nobody` when we are root, else our own."""

    def __init__(self) -> None:
        self.user: int | None = None
        self.group: int | None = None
        if os.geteuid() == 0:
            import pwd

            entry = pwd.getpwnam("nobody")
            self.user, self.group = entry.pw_uid, entry.pw_gid

    def own(self, path: Path) -> None:
        """Give the path to the account."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)

    def reaches(self, path: Path) -> bool:
        """Whether the account can pass through all folders above the path."""
        if self.user is None:
            return True
        folders = [path, *path.parents] if path.is_dir() else list(path.parents)
        return all(folder.stat().st_mode & 0o001 for folder in folders)


def run(command: Sequence[str], *, account: Account, log: Path) -> None:
    """Run a program to its end; raises ServerFailed with its output."""
    with log.open("ab") as output:
        done = subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=account.user,
            group=account.group,
            extra_groups=[] if account.user is not None else None,
            cwd="/",
            check=False,
        )
    if done.returncode != 0:
        raise ServerFailed(f"{Path(command[0]).name}: {_tail(log)}")


def start(
    command: Sequence[str],
    *,
    account: Account,
    log: Path,
    death_signal: signal.Signals,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server that gets `death_signal` when this process dies; None inherits ours."""
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=account.user,
            group=account.group,
            extra_groups=[] if account.user is not None else None,
            cwd="/",
            env=environment,
            start_new_session=True,
            preexec_fn=_dies_with_us(death_signal),
        )


def await_ready(
    process: subprocess.Popen[bytes], ready: Callable[[], bool], *, log: Path, seconds: float
) -> None:
    """Wait until `ready`; raises ServerFailed when the server ends or takes too long."""
    end = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            process.wait()
            raise ServerFailed(_tail(log))
        time.sleep(POLL_SECONDS)


def stop(process: subprocess.Popen[bytes], *, how: signal.Signals) -> None:
    """End our child: politely first, by force after END_SECONDS."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def end_orphan(pid: int, *, marker: str, how: signal.Signals) -> None:
    """End a process of an earlier run, if this pid is still it: its command names `marker`."""
    if marker not in _command_line(pid):
        return
    os.kill(pid, how)
    end = time.monotonic() + END_SECONDS
    while marker in _command_line(pid):
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def lock_folder(folder: Path) -> int:
    """Hold the folder for this process; raises AlreadyRunning. Released when we end."""
    descriptor = os.open(folder / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRunning(f"{folder} is in use by another process") from None
    return descriptor


def _dies_with_us(death_signal: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def ask_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal))

    return ask_kernel


def _command_line(pid: int) -> str:
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            return ""
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-1500:].strip() if log.exists() else "no output"
