"""Fixtures that every kind of test may use: nothing starts before a test asks for it."""

import gc
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.embedded.valkey_server import EmbeddedValkey
from tests.support import servers

# Tests start some sixty interpreters: none but the first has to compile the product again. This one
# keeps the rewritten assertions of test modules, which take longer still.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The tests that use the system as separate processes: one unit, so that it is started once in a run
# and ended after them. All other units are files.
SEPARATE = "tests/end_to_end/separate processes"
# Long units begin, in this order, so that parallel processes come to their end together. Those that
# use the same servers follow each other: these end with the last of their units.
LONG = (
    "tests/integration/docs/test_how_tos.py",
    "tests/property/test_booking_machine.py",
    SEPARATE,
    "tests/end_to_end/",
    "tests/integration/bench/test_stripe_away.py",
    "tests/integration/embedded/",
    "tests/integration/projections/",
    "tests/property/",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The random order of a run, which a failure is reproduced with."""
    parser.addoption(
        "--shuffle",
        type=int,
        metavar="SEED",
        help="run folders, the units in each, and their tests in the random order of this seed",
    )


class UnitScheduling(LoadScopeScheduling):
    """Parallel processes take whole units."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> UnitScheduling:
    """Distribute units, whatever --dist says."""
    return UnitScheduling(config, log)


def unit_of(nodeid: str) -> str:
    """The unit that a test belongs to."""
    file, _, test = nodeid.partition("::")
    return SEPARATE if "separate_processes" in test.partition("[")[2] else file


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put long units first, or all in random order; those of a folder stay together."""
    units: dict[str, list[pytest.Item]] = {}
    for item in items:
        units.setdefault(unit_of(item.nodeid), []).append(item)
    names = sorted(units, key=_when)
    seed = config.getoption("shuffle")
    if seed is not None:
        order = random.Random(seed)
        drawn = {
            folder: order.random() for folder in sorted({str(Path(name).parent) for name in units})
        }
        order.shuffle(names)
        names.sort(key=lambda name: drawn[str(Path(name).parent)])
        for tests in units.values():
            order.shuffle(tests)
    items[:] = [item for name in names for item in units[name]]


def _when(unit: str) -> int:
    """The place of a unit in the order."""
    return next((place for place, long in enumerate(LONG) if unit.startswith(long)), len(LONG))


def pytest_collection_finish() -> None:
    """Take modules and tests, which stay, out of what the garbage collector looks through."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server without fsync, with a migrated template database."""
    with servers.quick_folder() as folder, servers.careless_postgres(folder) as server:
        servers.make_template(server)
        yield server


@pytest.fixture
def database(postgres: EmbeddedPostgres) -> Iterator[servers.TestDatabase]:
    """A fresh migrated database for one test."""
    with servers.fresh_database(postgres) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def valkey() -> Iterator[EmbeddedValkey]:
    """A Valkey of this test process."""
    with servers.quick_folder() as folder, EmbeddedValkey(folder) as server:
        yield server


@pytest.fixture
def valkey_url(valkey: EmbeddedValkey) -> str:
    """The server's URL, with nothing in it."""
    client = redis.Redis.from_url(valkey.url)
    client.flushall()
    client.close()
    return valkey.url
