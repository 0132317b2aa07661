"""`ais bench`: the benchmarks, each against its reference in the same run."""

import importlib
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = (
    *("reserve", "append", "replay", "statement", "journey", "webhook", "search", "compression"),
    *("stripe-away", "telemetry"),
)
# Those that can also be tried out in seconds.
QUICK = frozenset({"journey", "webhook", "stripe-away"})
# The one whose length is chosen. Its seats are held for fifteen minutes, the time before included.
TIMED = "stripe-away"
MINUTES_LIMIT = 12


def bench(
    name: str | None = None,
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    quick: Annotated[bool, Parameter(negative="")] = False,
    minutes: Annotated[
        float | None, Parameter(validator=validators.Number(gt=0, lte=MINUTES_LIMIT))
    ] = None,
) -> int:
    """Run one benchmark, or all. They are in the repository, not in an installed package.

    Parameters
    ----------
    name
        reserve, append, replay, statement, journey, webhook, search, compression, stripe-away
        or telemetry.
    as_json
        Print one line of JSON at the end on standard output.
    quick
        Only journey, webhook and stripe-away: seconds, to see that it runs. No figure counts.
    minutes
        Only stripe-away: how long Stripe is away, 12 at most; 10 without it.
    """
    if name is not None and name not in NAMES:
        print(f"ais bench: no such benchmark; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    if quick and name not in QUICK:
        print(f"ais bench: --quick is for {' and '.join(sorted(QUICK))}", file=sys.stderr)
        return 2
    if minutes is not None and (quick or name != TIMED):
        print(f"ais bench: --minutes is for {TIMED}, without --quick", file=sys.stderr)
        return 2
    if not (REPOSITORY / "tests" / "bench").is_dir():
        print("ais bench: the benchmarks are in the repository, not here", file=sys.stderr)
        return 2
    options = {"quick": True} if quick else {} if minutes is None else {"minutes": minutes}
    exit_code = 0
    for each in NAMES if name is None else (name,):
        run = importlib.import_module(module_of(each)).run
        exit_code = max(exit_code, run(as_json=as_json, **options))
    return exit_code


def module_of(name: str) -> str:
    """Return the module of a benchmark."""
    return f"tests.bench.{name.replace('-', '_')}"
