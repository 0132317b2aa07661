"""Backups of a log that lost a partition to the archives: from before it, over it, and after it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest

from infrastructure.archive import verifying
from infrastructure.archive.verifying import Verified
from infrastructure.backup import backup_keys, cluster_copy, dumps, figures, restoring, scratch
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.manifest import Manifest
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import migrate, roles
from infrastructure.sealing import master_key
from interfaces.cli import restore, verify_backup
from interfaces.cli.verify_backup import Asked
from tests.integration.backup.conftest import archiving, quiet
from tests.integration.ledger.test_exports import require
from tests.integration.projections.airline import running_airline
from tests.support import detached_log, log_partitions, servers
from tests.support.servers import TestDatabase

WIDTH = 50


class Backups(msgspec.Struct, frozen=True):
    """A log and a physical backup from before the detach, a log from after it."""

    keys: BackupKeys
    keys_folder: Path
    log_before: tuple[Path, Manifest]
    base_before: tuple[Path, Manifest]
    log_after: tuple[Path, Manifest]
    wal: Path
    archives: Path
    head: int


async def lived(folder: Path, server: EmbeddedPostgres) -> Backups:
    """Sell until a partition is full, archive it, back up, detach it, back up again."""
    dsn, keys = server.dsn(), backup_keys.parse(master_key.generated())
    database = TestDatabase(dsn, server.dsn(user=roles.APPLICATION_LOGIN))
    async with running_airline(database) as airline:
        while airline.query("SELECT max(position) FROM ledger.event") <= [(WIDTH + 10,)]:
            await airline.sell()
        await airline.catch_up()
        [(head,)] = airline.query("SELECT max(position) FROM ledger.event")
    archives, keys_folder = folder / "archives", folder / "keys"
    detached_log.archive(dsn, archives, positions=WIDTH, passed=head)
    with psycopg.connect(dsn) as connection:
        system = figures.cluster(connection).system

    def logical() -> tuple[Path, Manifest]:
        log, place, _ = dumps.take(
            dsn, log_folder=folder / "log", keys_folder=keys_folder, keys=keys, progress=quiet
        )
        return place, log

    with archiving(folder / "wal", keys, system, dsn):
        before = logical()
        base, base_folder = cluster_copy.take(
            dsn, folder=folder / "base", keys_folder=keys_folder, keys=keys, progress=quiet
        )
        detached_log.detach(dsn, archives, before=WIDTH + 1)
        after = logical()
    return Backups(
        keys, keys_folder, before, (base_folder, base), after, folder / "wal", archives, head
    )


def verified(server: EmbeddedPostgres, backups: Backups) -> Verified:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        return verifying.verify(backups.archives, connection, quiet)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    require("pyarrow")
    with servers.private_folder() as found:
        yield found


async def test_a_backup_from_before_a_detach_over_it_and_after_it_is_whole(folder: Path) -> None:
    with EmbeddedPostgres(folder / "server", settings={"fsync": "off"}) as server:
        migrate.migrate(server.dsn())
        roles.create_logins(server.dsn())
        with psycopg.connect(server.dsn(), autocommit=True) as owner:
            log_partitions.shrink(owner, WIDTH)
        backups = await lived(folder, server)
    # After it: restored and replayed as the command does.
    asked = Asked(backups.keys_folder, None, None)
    found = verify_backup.verify(backups.log_after[0], asked, backups.keys, quiet).restored
    assert (found.found.first, found.found.position) == (WIDTH + 1, backups.head)
    assert f"positions 1 to {WIDTH} were detached: " in "\n".join(restore.lines_of(found))
    # From before it: the events are in the database again.
    with scratch.empty(folder / "before", backups.log_before[1]) as server:
        found = restoring.restore_log(
            server.dsn(),
            log=backups.log_before,
            keys_folder=backups.keys_folder,
            keys=backups.keys,
            progress=quiet,
        )
        assert (found.found.first, found.found.position) == (1, backups.head)
        assert verified(server, backups).compared == WIDTH
    # Over it: recovery from the backup before it detaches the partition again.
    found, server = restoring.restore_base(
        folder / "over",
        backup=backups.base_before,
        archive=backups.wal,
        until=None,
        keys_folder=backups.keys_folder,
        keys=backups.keys,
        progress=quiet,
        durable=False,
    )
    try:
        assert (found.listed.first, found.found.first) == (1, WIDTH + 1)
        assert verified(server, backups).last == WIDTH
        assert "detached after the backup" in "\n".join(restore.lines_of(found))
    finally:
        server.stop()
