"""A log whose first partition is in archives only, as `ais archive detach` leaves it."""

import datetime as dt
from pathlib import Path

import psycopg

from application.coordination import LogFollower
from infrastructure.archive import detaching, writing
from infrastructure.archive.detaching import Detached
from tests.support import log_partitions

# No event is as young as this: what is asked of a detached log is not how long streams were silent.
LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def archive(owner_dsn: str, folder: Path, *, positions: int, passed: int) -> None:
    """Write the full ranges; every follower of the log is at position `passed`."""
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        for name in LogFollower:
            owner.execute(
                "INSERT INTO process.checkpoint (name, position) VALUES (%s, %s) "
                "ON CONFLICT (name) DO UPDATE SET position = excluded.position",
                (name, passed),
            )
        writing.write(owner, folder, positions=positions, progress=quiet)


def detach(
    owner_dsn: str, folder: Path, *, before: int, silent_since: dt.datetime = LATER
) -> list[Detached]:
    """Detach what ends before the position."""
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        return detaching.detach(
            owner, folder, before=before, silent_since=silent_since, progress=quiet
        )


def quiet(*_: object) -> None:
    """Show no progress."""


def age(owner_dsn: str, years: int) -> None:
    """Make every event so many years older, as its owner can with the guard off."""
    with psycopg.connect(owner_dsn) as owner:
        for name in log_partitions.names(owner, "event"):
            table = f"ledger.{name}"
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only".encode())
            older = f"UPDATE {table} SET recorded_at = recorded_at - make_interval(years => %s)"
            owner.execute(older.encode(), (years,))
            owner.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only".encode())
