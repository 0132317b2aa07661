"""Fixtures that every kind of test may use: nothing starts before a test asks for it."""

import gc
import os
import random
import sys
from collections.abc import Iterator

import pytest
import redis

from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.embedded.valkey_server import EmbeddedValkey
from tests.support import servers

# Tests start some sixty interpreters: none but the first has to compile the product again. This one
# keeps the rewritten assertions of test modules, which take longer still.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Folders with long tests begin, so that parallel processes come to their end together.
LONG = ("tests/property/", "tests/end_to_end/", "tests/integration/docs/")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The random order of a run, which a failure is reproduced with."""
    parser.addoption(
        "--shuffle",
        type=int,
        metavar="SEED",
        help="run the files, and the tests in each, in the random order of this seed",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put long folders first, or all in random order; a file's tests stay together."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    names = sorted(files, key=lambda name: not name.startswith(LONG))
    seed = config.getoption("shuffle")
    if seed is not None:
        order = random.Random(seed)
        order.shuffle(names)
        for tests in files.values():
            order.shuffle(tests)
    items[:] = [item for name in names for item in files[name]]


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
