"""An airline on a primary, its standby, and the reads that may lag."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from psycopg import conninfo

from application.read_positions import NoSharedWrites
from infrastructure.embedded.standby_server import EmbeddedStandby
from infrastructure.postgres import roles
from infrastructure.postgres.replica import Replica, open_replica
from interfaces.read_composition import Reads
from tests.integration.projections.airline import Airline, running_airline
from tests.support import servers
from tests.support.standby_server import Pair, quick_pair

PATIENT_SECONDS = 120.0


class Readers(msgspec.Struct, frozen=True):
    """The airline, its standby with a database of the same name, and the reads of both."""

    airline: Airline
    standby: EmbeddedStandby
    replica: Replica
    reads: Reads


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """A primary whose template has all read models, and its standby."""
    with quick_pair(synchronous=False) as running:
        servers.make_template(running.primary)
        servers.make_template_of_read_models(running.primary)
        yield running


@asynccontextmanager
async def opened(
    pair: Pair, dsn: str | None = None, *, max_lag_seconds: float = PATIENT_SECONDS
) -> AsyncIterator[Readers]:
    """Readers of a fresh database; the replica is the standby, or the server of the DSN."""
    with servers.fresh_database(pair.primary, servers.READ_MODELS) as database:
        name = str(conninfo.conninfo_to_dict(database.owner_dsn)["dbname"])
        async with running_airline(database) as airline:
            await airline.catch_up()
            pair.standby.await_replay()
            address = dsn or pair.standby.dsn(name, roles.READER_LOGIN)
            async with open_replica(
                address, airline.pool, max_lag_seconds=max_lag_seconds
            ) as replica:
                reads = Reads(airline.pool, replica, NoSharedWrites())
                yield Readers(airline, pair.standby, replica, reads)
