"""Finds and ends processes that an earlier run left in a data directory, after a kill for example.

A process counts as left over only if it is the server program and its working directory is that
folder. A process id from a file is never trusted, because the system reuses ids.
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

END_SECONDS = 20.0
POLL_SECONDS = 0.02
_PROC = Path("/proc")


class StillRunning(Exception):
    """A process of an earlier run does not end; the message names it."""


def end(folder: Path, *, program: str, signals: Sequence[signal.Signals]) -> None:
    """End all processes of `program` in `folder`, by each signal in turn, SIGKILL at last.

    Raises StillRunning.
    """
    for number in (*signals, signal.SIGKILL):
        deadline = time.monotonic() + END_SECONDS
        signalled: set[int] = set()
        while running := processes(folder, program=program):
            # Each gets the signal once: a second SIGINT has another meaning to some servers.
            for pid in running - signalled:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            signalled |= running
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        else:
            return
    raise StillRunning(f"{program} {sorted(running)} in {folder}")


def processes(folder: Path, *, program: str) -> set[int]:
    """Return the process ids of `program` that work in `folder`."""
    if not (_PROC / "self" / "cwd").exists():
        return _listed(folder, program)
    real = str(folder.resolve())
    return {
        int(entry.name)
        for entry in _PROC.iterdir()
        if entry.name.isdigit() and _works_in(entry, real, program)
    }


def _works_in(entry: Path, folder: str, program: str) -> bool:
    try:
        name = (entry / "comm").read_text().strip()
        return name == program and str((entry / "cwd").readlink()) == folder
    except OSError:  # it has ended, or we may not look at it
        return False


def _listed(folder: Path, program: str) -> set[int]:
    """Find processes without /proc, by a command line that names the program and the folder."""
    shown = subprocess.run(
        ["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=True
    )
    found = set()
    for line in shown.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        if f"{program} " in command and str(folder) in command and int(pid) != os.getpid():
            found.add(int(pid))
    return found
