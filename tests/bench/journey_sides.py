"""The sides of `bench journey`: our tree, the commit before, and the CRUD reference.

Each round starts a side afresh, on a new folder and database: no side runs while another is
measured, and each round finds the same amount of stored rows.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.bench import bench_setup, journey_stage
from tests.support import ports, servers

STOP_SECONDS = 60.0
SEATS = 100_000


class Side(msgspec.Struct, frozen=True):
    """What is measured: a command and the tree that it takes the product from.

    The first query counts confirmed bookings, the second gives the id of each and the moment it
    was confirmed, in seconds since the epoch.
    """

    name: str
    command: tuple[str, ...]
    tree: Path
    confirmed_query: str
    confirmed_at_query: str


class Running(msgspec.Struct, frozen=True):
    """A side that answers on loopback; `root` is the process that all of its own descend from."""

    port: int
    dsn: str
    root: int


def product(name: str, tree: Path) -> Side:
    """Return the side of the product as this tree has it."""
    assert journey_stage.__file__ is not None
    return Side(
        name=name,
        # -P: the folder of the script is not searched, so that PYTHONPATH alone decides.
        command=(sys.executable, "-P", journey_stage.__file__),
        tree=tree,
        confirmed_query="SELECT count(*) FROM ledger.event WHERE tag = 'booking.confirmed.1'",
        confirmed_at_query=(
            "SELECT stream, extract(epoch FROM recorded_at)::float8 FROM ledger.event "
            "WHERE tag = 'booking.confirmed.1'"
        ),
    )


def reference() -> Side:
    """Return the side of the CRUD reference."""
    return Side(
        name="crud",
        command=(sys.executable, "-m", "tests.bench.crud_stage"),
        tree=bench_setup.REPOSITORY,
        confirmed_query="SELECT count(*) FROM crud.ticket",
        confirmed_at_query=(
            "SELECT booking, extract(epoch FROM max(issued_at))::float8 FROM crud.ticket "
            "GROUP BY booking"
        ),
    )


@contextmanager
def started(side: Side, flights: Sequence[str]) -> Iterator[Running]:
    """Start all processes of a side with these flights on sale; stop them at the end."""
    with servers.private_folder() as folder:
        process = subprocess.Popen(
            [*side.command, str(folder), str(ports.free_port()), str(SEATS), *flights],
            cwd=side.tree,
            env={**bench_setup.inherited(), "PYTHONPATH": str(side.tree)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, f"the side {side.name} did not start; its reason is above"
            where = msgspec.json.decode(line)
            yield Running(port=where["port"], dsn=where["dsn"], root=process.pid)
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
