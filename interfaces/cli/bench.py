"""`ais bench`: the benchmarks, each against its reference in the same run."""

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = (
    *("reserve", "append", "replay", "statement", "journey", "webhook", "search", "compression"),
    *("stripe-away", "telemetry", "load", "soak"),
)
# Not part of a run of all: they take tens of minutes each.
LONG = frozenset({"load", "soak"})
# Those that can also be tried out in seconds.
QUICK = frozenset({"journey", "webhook", "stripe-away", "load", "soak"})
# Those whose length is chosen, with the longest in minutes. The seats of stripe-away are held for
# fifteen minutes, the time before included.
MINUTES_LIMITS = {"stripe-away": 12, "load": 240, "soak": 1_440}
# A module of another name: `load` is the generator of requests that others use.
MODULES = {"load": "load_test"}


def bench(
    name: str | None = None,
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    quick: Annotated[bool, Parameter(negative="")] = False,
    minutes: Annotated[float | None, Parameter(validator=validators.Number(gt=0))] = None,
    search_only: Annotated[bool, Parameter(negative="")] = False,
    ramp: Annotated[bool, Parameter(negative="")] = False,
    bookings: Annotated[int | None, Parameter(validator=validators.Number(gte=100))] = None,
    events: Annotated[int | None, Parameter(validator=validators.Number(gte=1_000))] = None,
) -> int:
    """Run one benchmark, or all but the longest. They are in the repository, not in an installed
    package.

    Parameters
    ----------
    name
        reserve, append, replay, statement, journey, webhook, search, compression, stripe-away,
        telemetry, load or soak; without a name all but load and soak.
    as_json
        Print one line of JSON at the end on standard output.
    quick
        Only journey, webhook, stripe-away, load and soak: seconds, to see that it runs. No figure
        counts.
    minutes
        Only stripe-away: how long Stripe is away, 12 at most and 10 without it; and load: the
        length of its five stages together, 240 at most and 16 without it; and soak: how long at
        least, 1,440 at most and 20 without it.
    search_only
        Only load: users search and do not book.
    ramp
        Only load: add users until it breaks, with one web process and with two.
    bookings
        Only soak: how many bookings at least, 100 or more, and 100,000 without it.
    events
        Only replay: compare one process with several, over the database and over archives, on a
        log of so many events, 1,000 or more.
    """
    options: dict[str, bool | float] = {"quick": True} if quick else {}
    if minutes is not None:
        options["minutes"] = minutes
    options |= {"search_only": True} if search_only else {}
    options |= {"ramp": True} if ramp else {}
    options |= {} if bookings is None else {"bookings": bookings}
    options |= {} if events is None else {"events": events}
    refused = _refused(name, options)
    if refused is not None:
        print(f"ais bench: {refused}", file=sys.stderr)
        return 2
    exit_code = 0
    for each in NAMES if name is None else (name,):
        if name is None and each in LONG:
            continue
        run = importlib.import_module(module_of(each)).run
        exit_code = max(exit_code, run(as_json=as_json, **options))
    return exit_code


def _refused(name: str | None, options: Mapping[str, bool | float]) -> str | None:
    """Return what is wrong with the name or the options; None where nothing is."""
    if name is not None and name not in NAMES:
        return f"no such benchmark; there are {', '.join(NAMES)}"
    if "quick" in options and name not in QUICK:
        return f"--quick is for {' and '.join(sorted(QUICK))}"
    minutes = options.get("minutes")
    if minutes is not None:
        if name not in MINUTES_LIMITS or "quick" in options:
            return f"--minutes is for {' and '.join(sorted(MINUTES_LIMITS))}, without --quick"
        if minutes > MINUTES_LIMITS[name]:
            return f"--minutes is {MINUTES_LIMITS[name]} at most for {name}"
    for option in ("search_only", "ramp"):
        if option in options and name != "load":
            return f"--{option.replace('_', '-')} is for load"
    if "bookings" in options and (name != "soak" or "quick" in options):
        return "--bookings is for soak, without --quick"
    if "events" in options and name != "replay":
        return "--events is for replay"
    if "ramp" in options and minutes is not None:
        return "--minutes is not for --ramp, which ends when it breaks"
    if not (REPOSITORY / "tests" / "bench").is_dir():
        return "the benchmarks are in the repository, not here"
    return None


def module_of(name: str) -> str:
    """Return the module of a benchmark."""
    return f"tests.bench.{MODULES.get(name, name.replace('-', '_'))}"
