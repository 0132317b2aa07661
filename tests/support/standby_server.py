"""A primary with a standby for tests: two real clusters that stream, without fsync.

Template databases of the primary arrive at the standby like everything else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg

from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.embedded.standby_server import EmbeddedStandby, pair_dsn, set_synchronous
from infrastructure.postgres import migrate, roles
from tests.support import servers

# Not fsync: only commits wait, for the standby.
SETTINGS = {
    "max_wal_size": "512MB",
    "shared_buffers": "32MB",
    "synchronous_commit": "on",
    "wal_receiver_status_interval": "1s",
}


class Pair(msgspec.Struct, frozen=True):
    """Both servers. A database's address at both is `dsn`; its name is the same at each."""

    primary: EmbeddedPostgres
    standby: EmbeddedStandby

    def dsn(self, user: str | None = None, database: str | None = None) -> str:
        """Return the address that goes to whichever of the two accepts writes."""
        return pair_dsn(self.primary, self.standby, user=user, database=database)


@contextmanager
def running_pair(folder: Path, *, synchronous: bool = True) -> Iterator[Pair]:
    """Start both, migrated and with logins; the standby streams when this yields."""
    with EmbeddedPostgres(folder / "a", durable=False, settings=SETTINGS) as primary:
        migrate.migrate(primary.dsn())
        roles.create_logins(primary.dsn())
        standby = EmbeddedStandby(folder / "b", primary, durable=False, settings=SETTINGS)
        with standby:
            if synchronous:
                standby.require()
            else:
                standby.await_streaming()
            yield Pair(primary, standby)
            # A stop would wait for a standby that is gone.
            if _answers(primary):
                set_synchronous(primary, "")


@contextmanager
def quick_pair(*, synchronous: bool = True) -> Iterator[Pair]:
    """A pair in a private folder of its own."""
    with (
        servers.quick_folder() as folder,
        running_pair(folder, synchronous=synchronous) as pair,
    ):
        yield pair


def _answers(server: EmbeddedPostgres) -> bool:
    try:
        psycopg.connect(server.dsn(), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
