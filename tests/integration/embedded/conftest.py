"""A folder per test, short enough for sockets and passable for the servers' account."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.embedded.postgres_server import EmbeddedPostgres
from tests.support import servers


@pytest.fixture
def folder() -> Iterator[Path]:
    """Removed at the end."""
    with servers.private_folder() as made:
        yield made


@pytest.fixture(scope="session")
def initialised() -> Iterator[Path]:
    """A server's directory as its first run leaves it: to make one takes seconds, to copy none."""
    with servers.private_folder() as made:
        with EmbeddedPostgres(made / "pg", durable=False):
            pass
        yield made / "pg"


@pytest.fixture
def cluster(folder: Path, initialised: Path) -> Path:
    """A copy of its own, owners and all."""
    subprocess.run(["cp", "-a", str(initialised), str(folder / "pg")], check=True)
    return folder / "pg"
