"""An airline with read models, for the import of schedules."""

from collections.abc import AsyncIterator, Iterator

import pytest

from infrastructure.embedded.postgres_server import EmbeddedPostgres
from tests.integration.projections.airline import Airline, running_airline
from tests.support import servers
from tests.support.servers import TestDatabase


@pytest.fixture(scope="session")
def prepared(postgres: EmbeddedPostgres) -> EmbeddedPostgres:
    """The server with a template in which all read models are prepared."""
    servers.make_template_of_read_models(postgres)
    return postgres


@pytest.fixture
def database(prepared: EmbeddedPostgres) -> Iterator[TestDatabase]:
    """A fresh database with read models that have taken in nothing yet."""
    with servers.fresh_database(prepared, servers.READ_MODELS) as fresh:
        yield fresh


@pytest.fixture
async def airline(database: TestDatabase) -> AsyncIterator[Airline]:
    """Yield an airline that sells nothing under the designator of the schedules."""
    async with running_airline(database) as working:
        yield working
