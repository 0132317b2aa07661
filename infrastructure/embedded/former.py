"""What an earlier run left running in a data directory, after a kill for example.

A process counts as ours only if it is the server program and works in that very folder; a
process id from a file is never trusted, because the system gives ids out again.
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
        told: set[int] = set()
        while running := processes(folder, program=program):
            # Each is told once: a second SIGINT would mean something else to some servers.
            for pid in running - told:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            told |= running
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        else:
            return
    raise StillRunning(f"{program} {sorted(running)} in {folder}")


def processes(folder: Path, *, program: str) -> set[int]:
    """The process ids of `program` that work in `folder`."""
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
    except OSError:  # it has ended, or is not ours to look at
        return False


def _listed(folder: Path, program: str) -> set[int]:
    """Without /proc the command line must do: it names the program and the folder."""
    shown = subprocess.run(
        ["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=True
    )
    found = set()
    for line in shown.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        if f"{program} " in command and str(folder) in command and int(pid) != os.getpid():
            found.add(int(pid))
    return found
