"""`ais test`: every gate of the project in one command, the suite beside the slowest of them.

Exit codes: 0 all passed, 1 a gate failed, 2 there is no repository, 130 interrupted; with
arguments pytest's own.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

REPOSITORY = Path(__file__).resolve().parents[2]
# One process more than processors, while some tests wait for a server; each has servers of its own.
PROCESSES = min(os.cpu_count() or 1, 3) + 1
# Whole files, in the order of the tests' conftest, which puts the long ones first.
PYTEST = (*("-m", "pytest", "-n", str(PROCESSES), "--dist", "loadfile", "--no-loadscope-reorder"),)
GATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("mypy", ("-m", "mypy")),
    ("ruff check", ("-m", "ruff", "check", ".")),
    ("ruff format", ("-m", "ruff", "format", "--check", ".")),
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
    """Run them in order, two at once, also after a failure; the last line names the failed ones."""
    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=2) as threads:
        runs = {name: threads.submit(_passes, name, command) for name, command in gates}
        try:
            failed = [name for name, run in runs.items() if not run.result()]
        except KeyboardInterrupt:
            threads.shutdown(cancel_futures=True)
            raise
    verdict = f"FAILED: {', '.join(failed)}" if failed else f"all {len(gates)} gates passed"
    print(f"ais test: {verdict} ({time.monotonic() - began:.0f} s)", flush=True)
    return int(bool(failed))


def _passes(name: str, command: Sequence[str]) -> bool:
    """Run one gate; what it prints comes in one piece at its end, but for the lines of pytest."""
    began = time.monotonic()
    if command is PYTEST:
        return _run(command) == 0
    done = subprocess.run(
        [sys.executable, *command],
        cwd=REPOSITORY,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    verdict = "ok" if done.returncode == 0 else "FAILED"
    took = f"({time.monotonic() - began:.1f} s)"
    print(f"{done.stdout}ais test: {name} {verdict} {took}", flush=True)
    return done.returncode == 0


def _run(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=REPOSITORY, check=False).returncode
