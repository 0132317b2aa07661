"""Folders, programs and processes for the tests of the embedded servers.

Rule: every process it starts is ended by its process id.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

REPOSITORY = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 120.0

HOLD = """
import sys, time
from pathlib import Path
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.embedded.valkey_server import EmbeddedValkey
server = {name}(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


def system_programs() -> list[Path]:
    """PostgreSQL installations of this system, beside the wheel; may be none."""
    return sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def eventually(happened: Callable[[], bool], what: str) -> None:
    """Wait until it is true; fails with `what` after PATIENCE_SECONDS."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Return whether the process exists and is not a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


@contextmanager
def holder(name: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Another process that runs the named server class; yields it and the server's pid."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(name=name), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.strip().isdigit(), "the server did not start"
        yield process, int(line)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def execute(dsn: str, statement: str) -> list[tuple[object, ...]]:
    """Run one statement in its own transaction; return its rows, if any."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []
