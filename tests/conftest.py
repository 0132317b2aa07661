"""Fixtures that every kind of test may use: nothing starts before a test asks for it."""

import gc
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.embedded.valkey_server import EmbeddedValkey
from tests.support import servers

# Tests start some sixty interpreters: none but the first has to compile the product again. This one
# keeps the rewritten assertions of test modules, which take longer still.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Long files begin, in this order, so that parallel processes come to their end together. Those that
# use the same servers follow each other: these end with the last of their files.
LONG = (
    "tests/integration/docs/test_how_tos.py",
    "tests/property/test_booking_machine.py",
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
        help="run folders, the files in each, and their tests in the random order of this seed",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put long files first, or all in random order; those of a folder stay together."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    names = sorted(files, key=_when)
    seed = config.getoption("shuffle")
    if seed is not None:
        order = random.Random(seed)
        drawn = {
            folder: order.random() for folder in sorted({str(Path(name).parent) for name in files})
        }
        order.shuffle(names)
        names.sort(key=lambda name: drawn[str(Path(name).parent)])
        for tests in files.values():
            order.shuffle(tests)
    items[:] = [item for name in names for item in files[name]]


def _when(file: str) -> int:
    """The place of a file in the order."""
    return next((place for place, long in enumerate(LONG) if file.startswith(long)), len(LONG))


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
