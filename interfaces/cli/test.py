"""`ais test`: every gate of the project in one command."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

REPOSITORY = Path(__file__).resolve().parents[2]
GATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ruff check", ("-m", "ruff", "check", ".")),
    ("ruff format", ("-m", "ruff", "format", "--check", ".")),
    ("mypy", ("-m", "mypy")),
    ("import contracts", ("-c", "from importlinter.cli import lint_imports_command as run; run()")),
)
PYTEST = ("-m", "pytest", "-n", "2", "--dist", "loadfile", "-q")


def test(*arguments: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> int:
    """Run the gates, then the whole suite; it starts the servers it needs by itself.

    Parameters
    ----------
    arguments
        Passed to pytest; with any, only pytest runs.
    """
    if arguments:
        return _run(("-m", "pytest", *arguments))
    failed = [name for name, command in GATES if not _passes(name, command)]
    suite = _run(PYTEST)
    if failed:
        print(f"failed before the suite: {', '.join(failed)}")
    return suite or int(bool(failed))


def _passes(name: str, command: Sequence[str]) -> bool:
    began = time.monotonic()
    exit_code = _run(command)
    verdict = "ok" if exit_code == 0 else "FAILED"
    print(f"{name}: {verdict} in {time.monotonic() - began:.1f} s", flush=True)
    return exit_code == 0


def _run(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=REPOSITORY, check=False).returncode
