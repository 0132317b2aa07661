"""A folder per test, short enough for sockets and passable for the servers' account."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import servers


@pytest.fixture
def folder() -> Iterator[Path]:
    """Removed at the end."""
    with servers.private_folder() as made:
        yield made
