"""Fixtures that every kind of test may use: nothing starts before a test asks for it."""

from collections.abc import Iterator

import pytest
import redis

from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.embedded.valkey_server import EmbeddedValkey
from tests.support import servers


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
