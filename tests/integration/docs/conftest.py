"""The demo as it is shipped, once for all documents: each is followed as a reader of its own."""

from collections.abc import Iterator

import pytest

from tests.integration.docs.running_demo import running_demo
from tests.support import servers


@pytest.fixture(scope="session")
def environment() -> Iterator[dict[str, str]]:
    """What a reader's shell has: the address of the demo and its accounts."""
    with servers.quick_folder() as folder, running_demo(folder / "data") as ready:
        yield ready
