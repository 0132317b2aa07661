"""PostgreSQL of the demo: one private server, or one with a standby that every commit waits for.

The standby is copied anew at each start. Once it was promoted the data is there, and a demo does
not start on the folder again.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import psycopg

from infrastructure.embedded import standby_server
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.embedded.standby_server import EmbeddedStandby
from infrastructure.postgres import migrate, roles
from interfaces.cli.demo_failed import DemoFailed
from projections import runner

PRIMARY, STANDBY = "postgres", "standby"


class DemoDatabase(msgspec.Struct, frozen=True):
    """The running servers."""

    primary: EmbeddedPostgres
    standby: EmbeddedStandby | None

    def dsn(self, user: str | None = None) -> str:
        """Return the address of the server, or of whichever of the two accepts writes."""
        if self.standby is None:
            return self.primary.dsn(user=user)
        return standby_server.pair_dsn(self.primary, self.standby, user=user)


@contextmanager
def started(folder: Path, *, standby: bool) -> Iterator[DemoDatabase]:
    """Start PostgreSQL, migrated, with logins and read models; stop it at the end."""
    copy = folder / STANDBY
    if standby_server.was_promoted(copy):
        raise DemoFailed(
            f"the standby in {copy} was promoted and has the data: choose a folder with --data"
        )
    with ExitStack() as stack:
        primary = stack.enter_context(EmbeddedPostgres(folder / PRIMARY))
        # A demo that was killed may have left it waiting for a standby that is gone.
        standby_server.set_synchronous(primary, "")
        standby_server.forget(copy, primary)
        migrate.migrate(primary.dsn())
        roles.create_logins(primary.dsn())
        runner.prepare_all(primary.dsn(user=roles.PROJECTOR_LOGIN))
        follower: EmbeddedStandby | None = None
        if standby:
            follower = EmbeddedStandby(copy, primary)
            stack.enter_context(follower)
            follower.require()
            stack.callback(_release, primary)
        yield DemoDatabase(primary, follower)


def _release(primary: EmbeddedPostgres) -> None:
    """Let the last commits of a primary that still runs go through without the standby."""
    try:
        standby_server.set_synchronous(primary, "")
    except psycopg.OperationalError:  # it was killed
        return
