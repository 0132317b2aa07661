"""`ais migrate`: brings the database to this release's schema."""

import os
import sys

import psycopg

from infrastructure.postgres import migrate as migrations
from infrastructure.postgres import primary


def migrate(*, phase: migrations.Phase | None = None) -> int:
    """Apply what is missing, as the owner: AIS_ADMIN_DATABASE_URL, else AIS_DATABASE_URL.

    Parameters
    ----------
    phase
        `pre`: only what the running release can work with, before its processes are replaced.
        `post`: the rest, once none of them runs. Without it, and on a new database, everything.
    """
    dsn = os.environ.get("AIS_ADMIN_DATABASE_URL") or os.environ.get("AIS_DATABASE_URL")
    if not dsn:
        print("ais migrate: AIS_ADMIN_DATABASE_URL is missing", file=sys.stderr)
        return 2
    try:
        address = primary.newest_address(dsn)
        applied = migrations.migrate(address, phase=phase, progress=print)
    except (psycopg.Error, migrations.MigrationRefused) as error:
        print(f"ais migrate: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    done = f"all of phase {phase} is" if phase else "the schema is"
    print(f"{len(applied)} applied; {done} up to date")
    return 0
