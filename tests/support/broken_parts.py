"""Break a part of a running system and mend it: kill it, pause it, fill its disk."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench import processor_time
from tests.support import running_system
from tests.support.running_system import System

POSTGRES, VALKEY = "postgres", "valkey"
BLOCK_BYTES = 64 * 1024


def kill(system: System, part: str) -> None:
    """Kill a role or server hard, as `kill -9` does, and start it again."""
    if part == POSTGRES:
        os.killpg(system.postgres.pid, signal.SIGKILL)
        system.postgres.restart_after_kill()
    elif part == VALKEY:
        assert system.valkey is not None
        os.kill(system.valkey.pid, signal.SIGKILL)
        system.valkey.restart_after_kill()
    else:
        running_system.restart(system, part)


@contextmanager
def paused(system: System, part: str) -> Iterator[None]:
    """Stop a role or server, with all its processes, and let it go on at the end."""
    root = _pid(system, part)
    with stopped(root):
        yield


@contextmanager
def stopped(root: int) -> Iterator[None]:
    """Send SIGSTOP to a process and all that descend from it, and SIGCONT at the end."""
    # The parent first: it must not start others meanwhile.
    os.kill(root, signal.SIGSTOP)
    pids = [root, *processor_time.below(root)]
    try:
        for pid in pids[1:]:
            _signal(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in reversed(pids):
            _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:  # a session that has just ended
        return


def _pid(system: System, part: str) -> int:
    if part == POSTGRES:
        return system.postgres.pid
    if part == VALKEY:
        assert system.valkey is not None
        return system.valkey.pid
    return running_system.process(system, part).pid


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a file system of this size on a new folder; skips where that is not allowed."""
    folder.mkdir(mode=0o711)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a file system of limited size needs the right to mount: {done.stderr}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Fill the disk to its last block, and make room again at the end."""
    ballast = disk / "ballast"
    block = bytes(BLOCK_BYTES)
    try:
        with ballast.open("wb", buffering=0) as file:
            size = BLOCK_BYTES
            while size:
                try:
                    file.write(block[:size])
                except OSError:
                    size //= 2
        yield
    finally:
        ballast.unlink()
