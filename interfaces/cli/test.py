"""`ais test`: every gate of the project in one command, the suite last.

Exit codes: 0 all passed, 1 a gate failed, 2 there is no repository, 130 interrupted; with
arguments pytest's own.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

REPOSITORY = Path(__file__).resolve().parents[2]
# Whole files, in the order of the tests' conftest, which puts the long ones first.
PYTEST = ("-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
GATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ruff check", ("-m", "ruff", "check", ".")),
    ("ruff format", ("-m", "ruff", "format", "--check", ".")),
    ("mypy", ("-m", "mypy")),
    ("import contracts", ("-c", "from importlinter.cli import lint_imports_command as run; run()")),
    ("pytest", PYTEST),
)
INTERRUPTED = 130


def test(*arguments: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> int:
    """Run the gates, then the whole suite; it starts the servers it needs by itself.

    Parameters
    ----------
    arguments
        Passed to pytest; with any, only pytest runs.
    """
    if not (REPOSITORY / "tests").is_dir():
        print("ais test: the tests are in the repository, not in an installed package")
        return 2
    try:
        return _run(("-m", "pytest", *arguments)) if arguments else run_gates(GATES)
    except KeyboardInterrupt:
        return INTERRUPTED


def run_gates(gates: Sequence[tuple[str, Sequence[str]]]) -> int:
    """Run each, also after a failure; the last line names the failed ones."""
    began = time.monotonic()
    failed = [name for name, command in gates if not _passes(name, command)]
    verdict = f"FAILED: {', '.join(failed)}" if failed else f"all {len(gates)} gates passed"
    print(f"ais test: {verdict} ({time.monotonic() - began:.0f} s)", flush=True)
    return int(bool(failed))


def _passes(name: str, command: Sequence[str]) -> bool:
    print(f"ais test: {name} …", flush=True)
    began = time.monotonic()
    passed = _run(command) == 0
    if command is not PYTEST:  # pytest prints its own last line, directly before ours
        verdict = "ok" if passed else "FAILED"
        print(f"ais test: {name} {verdict} ({time.monotonic() - began:.1f} s)", flush=True)
    return passed


def _run(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=REPOSITORY, check=False).returncode
