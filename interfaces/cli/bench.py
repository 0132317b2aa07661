"""`ais bench`: the benchmarks, each against its reference in the same run."""

import importlib
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = ("reserve", "append", "replay", "journey", "webhook")
# Those that can also be tried out in seconds.
QUICK = frozenset({"journey", "webhook"})


def bench(
    name: str | None = None,
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    quick: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Run one benchmark, or all. They are in the repository, not in an installed package.

    Parameters
    ----------
    name
        reserve, append, replay, journey or webhook.
    as_json
        Print one line of JSON at the end on standard output.
    quick
        Only journey and webhook: one round of seconds, to see that it runs. No figure counts.
    """
    if name is not None and name not in NAMES:
        print(f"ais bench: no such benchmark; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    if quick and name not in QUICK:
        print(f"ais bench: --quick is for {' and '.join(sorted(QUICK))}", file=sys.stderr)
        return 2
    if not (REPOSITORY / "tests" / "bench").is_dir():
        print("ais bench: the benchmarks are in the repository, not here", file=sys.stderr)
        return 2
    exit_code = 0
    for each in NAMES if name is None else (name,):
        run = importlib.import_module(f"tests.bench.{each}").run
        exit_code = max(
            exit_code, run(as_json=as_json, quick=True) if quick else run(as_json=as_json)
        )
    return exit_code
