"""PgBouncer in transaction mode in front of a PostgreSQL: few server sessions for many clients."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg import conninfo

from infrastructure.embedded import account, child

PROGRAM = "pgbouncer"
# Debian installs it where a user's PATH may not lead.
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
PORT = 6432
# Fewer than the connections of a process: each is used by several in turn.
SESSIONS = 2
START_SECONDS = 60.0
_ADMIN = "pgbouncer"
# Set by CI, as for the checkers of exported books.
TOOLS_REQUIRED = "LEDGER_TOOLS_REQUIRED"


class PgBouncer(msgspec.Struct, frozen=True):
    """Where it listens."""

    sockets: Path

    def dsn(self, database: str, user: str) -> str:
        """The address of a database through it."""
        return conninfo.make_conninfo(host=str(self.sockets), port=PORT, user=user, dbname=database)

    def transactions(self, database: str) -> int:
        """How many transactions it has passed to the database."""
        with psycopg.connect(self.dsn(_ADMIN, _ADMIN), autocommit=True) as connection:
            cursor = psycopg.ClientCursor(connection)
            cursor.execute("SHOW STATS_TOTALS")
            assert cursor.description is not None
            names = [each.name for each in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return sum(int(row["xact_count"]) for row in rows if row["database"] == database)


@contextmanager
def running_pgbouncer(
    folder: Path, server_dsn: str, *, users: tuple[str, ...]
) -> Iterator[PgBouncer]:
    """Run it in front of the server of this address, for these users without passwords."""
    program = shutil.which(PROGRAM, path=PATH)
    if program is None:
        assert TOOLS_REQUIRED not in os.environ, f"{PROGRAM} is not installed"
        pytest.skip(f"{PROGRAM} is not installed")
    place = folder / PROGRAM
    place.mkdir(mode=0o700)
    runs_as = account.unprivileged()
    server = conninfo.conninfo_to_dict(server_dsn)
    (place / "users").write_text("".join(f'"{each}" ""\n' for each in (*users, _ADMIN)))
    (place / "ini").write_text(
        "[databases]\n"
        f"* = host={server['host']} port={server['port']}\n"
        "[pgbouncer]\n"
        f"unix_socket_dir = {place}\nlisten_addr =\nlisten_port = {PORT}\n"
        f"auth_type = trust\nauth_file = {place}/users\nadmin_users = {_ADMIN}\n"
        f"pool_mode = transaction\ndefault_pool_size = {SESSIONS}\n"
    )
    for path in (place, *place.iterdir()):
        runs_as.own(path)
    log = folder / "pgbouncer.log"
    process = child.start(
        [program, str(place / "ini")], account=runs_as, log=log, death_signal=signal.SIGTERM
    )
    bouncer = PgBouncer(place)

    def answers() -> bool:
        try:
            bouncer.transactions(_ADMIN)
        except psycopg.OperationalError:
            return False
        return True

    try:
        child.await_ready(process, answers, log=log, seconds=START_SECONDS)
        yield bouncer
    finally:
        child.stop(process, how=signal.SIGTERM)
