"""Starts every process of the demo of one tree, for `bench journey`, until its input ends.

`python -P .../journey_stage.py FOLDER PORT SEATS FLIGHT...` takes the product from PYTHONPATH, not
from the folder that this file is in: so one benchmark measures any commit whose demo has these
names. The line that it prints is JSON: the port of the web process and the owner's DSN.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from interfaces.cli import demo_stage
from interfaces.settings import Settings
from tests.bench import bench_setup

UNLIMITED = "100000000"
# A simulator that forgets payments contradicts what it reported itself: more than any run makes.
STRIPE_OBJECTS = 1_000_000


def without_limits(names: Sequence[str] = Settings.__struct_fields__) -> dict[str, str]:
    """Return the settings that lift every limit of this tree, of clients and of our own calls."""
    return {f"AIS_{name.upper()}": UNLIMITED for name in names if "limit" in name.split("_")}


def main() -> None:
    """Start, put the flights on sale, print where, and stop when standard input is closed."""
    folder, port, seats, *flights = sys.argv[1:]
    with demo_stage.stage(Path(folder), port=int(port), overrides=without_limits()) as stage:
        bench_setup.schedule(stage.owner_dsn, flights, seats=int(seats))
        print(json.dumps({"port": int(port), "dsn": stage.owner_dsn}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
