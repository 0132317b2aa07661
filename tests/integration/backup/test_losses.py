"""What the loss of a primary costs: the log of a killed server, from base backup and archive."""

import os
import signal
import threading
import time
from pathlib import Path

import psycopg

from infrastructure.backup import backup_keys, cluster_copy, figures, restoring
from infrastructure.backup.programs import ProgramFailed
from infrastructure.backup.wal_archive import WalArchive
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import migrate, roles
from infrastructure.sealing import master_key
from tests.integration.backup.conftest import quiet
from tests.integration.event_store.plain_append import BALANCED, append, payload
from tests.support import servers

WRITING_SECONDS = 3.0
PAUSE_SECONDS = 0.01
KEYS = backup_keys.parse(master_key.generated())


def test_a_killed_primary_comes_back_as_a_prefix_of_what_it_acknowledged() -> None:
    """Prints, with `-rP`, the seconds that were lost and those that the restore took."""
    with (
        servers.private_folder() as folder,
        EmbeddedPostgres(folder / "server", settings={"fsync": "off"}) as server,
    ):
        migrate.migrate(server.dsn())
        roles.create_logins(server.dsn())
        with psycopg.connect(server.dsn()) as connection:
            system = figures.cluster(connection).system
        archive = WalArchive(folder / "wal", KEYS, system=system)
        following = threading.Thread(target=follow, args=(archive, server.dsn()))
        following.start()
        base, place = cluster_copy.take(
            server.dsn(),
            folder=folder / "base",
            keys_folder=folder / "keys",
            keys=KEYS,
            progress=quiet,
        )
        acknowledged = write(server.dsn(), until=received(folder / "wal"))
        os.kill(server.pid, signal.SIGKILL)
        killed_at = time.time()
        following.join()
        found, restored = restoring.restore_base(
            folder / "restored",
            backup=(place, base),
            archive=folder / "wal",
            until=None,
            keys_folder=folder / "keys",
            keys=KEYS,
            progress=quiet,
        )
        restored.stop()
        position = found.found.position
        assert 0 < position <= acknowledged
        server.restart_after_kill()
        with psycopg.connect(server.dsn()) as connection:
            assert figures.read(connection, upto=position) == found.found
        assert found.last_recorded_at is not None
        lost = killed_at - found.last_recorded_at.timestamp()
        print(f"of {acknowledged} events {acknowledged - position} were lost: {lost:.2f} s")
        print(f"restored in {found.seconds:.2f} s")


def follow(archive: WalArchive, dsn: str) -> None:
    """Archive until the server is gone."""
    try:
        archive.follow(dsn, threading.Event(), each_minute=lambda: None)
    except ProgramFailed:
        return


class received:  # noqa: N801 - used as a question
    """Whether the archive has been written anew since the question was made, and some time ago."""

    def __init__(self, folder: Path) -> None:
        self._manifest = folder / "manifest"
        self._begin = time.monotonic()
        self._first: int | None = None

    def __bool__(self) -> bool:
        if not self._manifest.exists():
            return False
        now = self._manifest.stat().st_mtime_ns
        self._first = self._first or now
        return now != self._first and time.monotonic() - self._begin > WRITING_SECONDS


def write(dsn: str, *, until: received) -> int:
    """Append sales one by one; the position of the last that was acknowledged."""
    number = 0
    with psycopg.connect(dsn, autocommit=True) as connection:
        while not until:
            number += 1
            append(connection, [(f"booking-{number:06}", 1, payload({"entry": BALANCED}))])
            time.sleep(PAUSE_SECONDS)
    return number
