"""A folder per test, short enough for sockets and passable for the servers' account."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.embedded import account, binaries, child
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from tests.support import servers


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder that is removed at the end."""
    with servers.quick_folder() as made:
        yield made


@pytest.fixture(scope="session")
def initialised() -> Iterator[Path]:
    """Yield a server's directory after its first run: copying it is faster than making one."""
    with servers.quick_folder() as made:
        with EmbeddedPostgres(made / "pg", durable=False):
            pass
        yield made / "pg"


@pytest.fixture(scope="session")
def programs() -> Iterator[Path]:
    """Yield the server's programs in a folder where the servers' account may run them."""
    found = binaries.postgres_folder(None)
    if child.answers_version(found / "postgres", account=account.unprivileged()):
        yield found
    else:
        with servers.quick_folder() as made:
            yield binaries.copy_for_others(found, made)


@pytest.fixture
def cluster(folder: Path, initialised: Path) -> Path:
    """Return a copy for this test, owners included."""
    subprocess.run(["cp", "-a", str(initialised), str(folder / "pg")], check=True)
    return folder / "pg"
