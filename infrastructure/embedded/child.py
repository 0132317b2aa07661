"""A server as a child process: it ends with its parent and runs once in a folder.

On Linux the kernel signals the child when the parent dies, even by `kill -9`. On other systems
the next start ends what is left.
"""

import ctypes
import fcntl
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infrastructure.embedded.account import Account

PR_SET_PDEATHSIG = 1
END_SECONDS = 20.0
POLL_SECONDS = 0.02
_TAIL_CHARACTERS = 1500


class AlreadyRunning(Exception):
    """Another live process uses this data directory."""


class ServerFailed(Exception):
    """The server ended or did not answer in time; the message has the end of its log."""


def run(command: Sequence[str], *, account: Account, log: Path) -> None:
    """Run a program to its end, its output in `log`; raises ServerFailed."""
    # Not a pipe: a server that the program starts would keep it open for ever.
    with log.open("ab") as output:
        done = subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=account.user,
            group=account.group,
            extra_groups=_extra_groups(account),
            cwd="/",
            check=False,
        )
    if done.returncode != 0:
        raise ServerFailed(f"{Path(command[0]).name}: {_tail(log)}")


def answers_version(program: Path, *, account: Account) -> bool:
    """Return whether the account can load and run the program at all."""
    try:
        done = subprocess.run(
            [str(program), "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=account.user,
            group=account.group,
            extra_groups=_extra_groups(account),
            cwd="/",
            check=False,
        )
    except PermissionError:
        return False
    return done.returncode == 0


def start(
    command: Sequence[str],
    *,
    account: Account,
    log: Path,
    death_signal: signal.Signals,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server without our environment; it gets `death_signal` when we die."""
    with log.open("ab") as output:
        started = _lasting_thread(os.getpid()).submit(
            subprocess.Popen,
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=account.user,
            group=account.group,
            extra_groups=_extra_groups(account),
            cwd="/",
            env=environment,
            start_new_session=True,
            preexec_fn=_dies_with_us(death_signal),
        )
        return started.result()


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
    """End the child: by the signal first, by SIGKILL after END_SECONDS."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def lock_folder(folder: Path) -> int:
    """Lock the folder until this process ends; raises AlreadyRunning."""
    descriptor = os.open(folder / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRunning(f"{folder} is in use by another process") from None
    return descriptor


def _extra_groups(account: Account) -> list[int] | None:
    return None if account.user is None else []


@functools.cache
def _lasting_thread(process_id: int) -> ThreadPoolExecutor:
    """Return one thread that lives as long as the process `process_id`, which is this one.

    To the kernel the parent of a child is the thread that started it: if that thread ended, the
    child would get its death signal too early. A forked process has no threads and starts its own.
    """
    assert process_id == os.getpid()
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="servers")


def _dies_with_us(death_signal: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # the parent died before the kernel was asked
            os._exit(1)

    return ask_kernel


def _tail(log: Path) -> str:
    if not log.exists():
        return "no output"
    return log.read_text(errors="replace")[-_TAIL_CHARACTERS:].strip()
