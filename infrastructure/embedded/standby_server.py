"""A standby of a private PostgreSQL: a second cluster that follows the first by streaming.

It is a base backup (pg_basebackup) with a replication slot of its own, so that the primary keeps
the write-ahead log until the standby has it. `require` makes its primary synchronous: a commit
then waits until the standby has flushed it (PostgreSQL 15, 27.2.8).
"""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo, sql

from infrastructure.embedded import account, child, server_files
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.embedded.server_files import ServerFiles

NAME = "ais_standby"
STREAM_SECONDS = 60.0
POLL_SECONDS = 0.02
_FOLLOWS = (
    "SELECT state = 'streaming' AND (sync_state <> 'async') = %s FROM pg_stat_replication "
    "WHERE application_name = %s"
)


class EmbeddedStandby(EmbeddedPostgres):
    """A standby in a directory of its own; it may be started again, also after its promotion."""

    def __init__(
        self,
        directory: Path,
        primary: EmbeddedPostgres,
        *,
        name: str = NAME,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        bin_directory: Path | None = None,
    ) -> None:
        super().__init__(directory, durable=durable, settings=settings, bin_directory=bin_directory)
        self._primary = primary
        self.name = name

    def await_streaming(self, *, synchronous: bool = False) -> None:
        """Wait until it streams, and is what commits wait for or is not; raises ServerFailed."""
        end = time.monotonic() + STREAM_SECONDS
        while _value(self._primary.dsn(), _FOLLOWS, (synchronous, self.name)) is not True:
            if time.monotonic() > end:
                raise child.ServerFailed(f"{self.name} does not stream")
            time.sleep(POLL_SECONDS)

    def require(self) -> None:
        """Make every commit of the primary wait for this standby, and wait until that is so."""
        set_synchronous(self._primary, self.name)
        self.await_streaming(synchronous=True)

    def pause_replay(self) -> None:
        """Keep what arrives without showing it; commits of the primary go on."""
        _execute(self.dsn(), sql.SQL("SELECT pg_wal_replay_pause()"))
        end = time.monotonic() + STREAM_SECONDS
        while _value(self.dsn(), "SELECT pg_get_wal_replay_pause_state()") != "paused":
            if time.monotonic() > end:
                raise child.ServerFailed(f"the replay of {self.name} is not paused")
            time.sleep(POLL_SECONDS)

    def resume_replay(self) -> None:
        """Show what has arrived, and what comes."""
        _execute(self.dsn(), sql.SQL("SELECT pg_wal_replay_resume()"))

    def await_replay(self) -> None:
        """Wait until it shows all that its primary has written by now; raises ServerFailed."""
        written = _value(self._primary.dsn(), "SELECT pg_current_wal_lsn()")
        shown = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
        end = time.monotonic() + STREAM_SECONDS
        while _value(self.dsn(), shown, (written,)) is not True:
            if time.monotonic() > end:
                raise child.ServerFailed(f"{self.name} does not reach {written}")
            time.sleep(POLL_SECONDS)

    def promote(self) -> None:
        """Make it a primary, on a timeline of its own; returns when it accepts writes.

        Raises ServerFailed.
        """
        if _value(self.dsn(), "SELECT pg_promote(true, 60)") is not True:
            raise child.ServerFailed(f"{self.name} was not promoted")

    def _initialise(self, programs: Path, files: ServerFiles) -> None:
        if (files.data / "PG_VERSION").exists():
            return
        unfinished = files.home / "data.unfinished"
        source = conninfo.make_conninfo(
            self._primary.dsn("postgres"), application_name=self.name, dbname=None
        )
        _drop_slot(self._primary.dsn(), self.name)
        command = [
            *(str(programs / "pg_basebackup"), "-D", str(unfinished), "-d", source),
            *("--wal-method=stream", "--checkpoint=fast", "--no-password"),
            *("--write-recovery-conf", "--create-slot", "--slot", self.name),
        ]
        if not self._durable:
            command.append("--no-sync")
        child.run(command, account=self._account, log=files.log)
        _forget_synchronous(unfinished)
        unfinished.rename(files.data)

    def _create_database(self) -> None:
        """Do nothing: the copy has what the primary has."""


def was_promoted(directory: Path) -> bool:
    """Return whether there is a standby in this directory that became a primary."""
    if not directory.exists():
        return False
    data = server_files.prepare(directory, account.unprivileged()).data
    return (data / "PG_VERSION").exists() and not (data / "standby.signal").exists()


def forget(directory: Path, primary: EmbeddedPostgres, *, name: str = NAME) -> None:
    """Remove a stopped standby and its slot, for which its primary keeps all that is written."""
    if directory.exists():
        place = server_files.prepare(directory, account.unprivileged()).place
        for folder in {place, directory}:
            shutil.rmtree(folder)
    _drop_slot(primary.dsn(), name)


def set_synchronous(server: EmbeddedPostgres, name: str) -> None:
    """Name the standby that commits wait for; with an empty name they wait for none."""
    assert name.replace("_", "").isalnum() or not name
    _execute(
        server.dsn(),
        sql.SQL("ALTER SYSTEM SET synchronous_standby_names = {}").format(sql.Literal(name)),
    )
    _execute(server.dsn(), sql.SQL("SELECT pg_reload_conf()"))


def pair_dsn(
    first: EmbeddedPostgres,
    second: EmbeddedPostgres,
    *,
    user: str | None = None,
    database: str | None = None,
) -> str:
    """Return one address for both: connections go to whichever of them accepts writes."""
    one, two = (conninfo.conninfo_to_dict(server.dsn(database, user)) for server in (first, second))
    return conninfo.make_conninfo(
        host=f"{one['host']},{two['host']}",
        port=f"{one['port']},{two['port']}",
        user=str(one["user"]),
        dbname=str(one["dbname"]),
        target_session_attrs="read-write",
    )


def _forget_synchronous(data: Path) -> None:
    """Take the standby of the primary out of the copy: promoted, it would wait for itself."""
    file = data / "postgresql.auto.conf"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(each for each in lines if "synchronous_standby_names" not in each))


def _drop_slot(dsn: str, name: str) -> None:
    """Drop the slot that an earlier attempt to make this standby left."""
    _value(
        dsn,
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
        "WHERE slot_name = %s AND NOT active",
        (name,),
    )


def _value(dsn: str, statement: str, parameters: tuple[object, ...] = ()) -> Any:
    with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as connection:
        row = connection.execute(statement.encode(), parameters or None).fetchone()
    return None if row is None else row[0]


def _execute(dsn: str, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as connection:
        connection.execute(statement)
