"""An airline, for tests of read models."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.projections.airline import Airline, at_work
from tests.support.servers import TestDatabase


@pytest.fixture
async def airline(database: TestDatabase) -> AsyncIterator[Airline]:
    """Yield an airline with one flight of 100 seats on sale."""
    async with at_work(database) as working:
        yield working
