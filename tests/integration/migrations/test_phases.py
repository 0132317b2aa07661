"""`ais migrate --phase`: what only adds comes first, the rest once nobody needs it."""

from collections.abc import Sequence

import psycopg
import pytest

from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import migrate
from infrastructure.postgres.migrate import Migration
from tests.support import servers
from tests.support.servers import TestDatabase

ADD = Migration(9001, "9001_pre_add.sql", "ALTER TABLE ledger.outbox ADD COLUMN spare text;")
FILL = Migration(9002, "9002_post_drop.sql", "ALTER TABLE ledger.outbox DROP COLUMN failed_at;")
NEXT = Migration(9003, "9003_pre_next.sql", "CREATE TABLE ledger.spare (number integer);")

ADD_TABLE = Migration(1, "0001_pre_table.sql", "CREATE TABLE spare (number integer, text text);")
DROP_COLUMN = Migration(2, "0002_post_column.sql", "ALTER TABLE spare DROP COLUMN text;")
NEXT_TABLE = Migration(3, "0003_pre_next.sql", "CREATE TABLE next (number integer);")


def _columns(database: TestDatabase) -> set[str]:
    with psycopg.connect(database.owner_dsn) as connection:
        rows = connection.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE (table_schema, table_name) = ('ledger', 'outbox')"
        )
        return {row[0] for row in rows}


def _migrate(
    database: TestDatabase, added: Sequence[Migration], phase: migrate.Phase | None
) -> list[str]:
    wanted = [*migrate.migrations(), *added]
    return migrate.migrate(database.owner_dsn, phase=phase, wanted=wanted)


def test_a_phase_applies_its_own_files_only(database: TestDatabase) -> None:
    assert _migrate(database, [ADD, FILL], "pre") == [ADD.name]
    assert _columns(database) >= {"spare", "failed_at"}
    assert _migrate(database, [ADD, FILL], "pre") == []
    assert _migrate(database, [ADD, FILL], "post") == [FILL.name]
    assert "failed_at" not in _columns(database)


def test_post_is_refused_while_pre_is_missing(database: TestDatabase) -> None:
    with pytest.raises(migrate.MigrationRefused, match=r"9001_pre_add.*--phase pre"):
        _migrate(database, [ADD, FILL], "post")
    assert "failed_at" in _columns(database)


def test_an_upgrade_that_was_not_finished_is_finished_before_the_next(
    database: TestDatabase,
) -> None:
    _migrate(database, [ADD, FILL], "pre")
    with pytest.raises(migrate.MigrationRefused, match=r"9002_post_drop.*--phase post"):
        _migrate(database, [ADD, FILL, NEXT], "pre")
    assert _migrate(database, [ADD, FILL, NEXT], None) == [FILL.name, NEXT.name]


def test_the_release_before_starts_again_after_the_files_that_only_add(
    database: TestDatabase,
) -> None:
    _migrate(database, [ADD, FILL], "pre")
    said: list[str] = []
    assert migrate.migrate(database.owner_dsn, phase="pre", progress=said.append) == []
    assert said == ["9001 is of a later release, and stays"]
    for phase in ("post", None):
        with pytest.raises(migrate.MigrationRefused, match="9001 was applied but has no file"):
            _migrate(database, [], phase)
    with pytest.raises(migrate.MigrationRefused, match="9001 was applied but has no file"):
        _migrate(database, [NEXT], "pre")


def test_a_new_database_gets_everything_at_once() -> None:
    with (
        servers.quick_folder() as folder,
        EmbeddedPostgres(folder, durable=False) as server,
    ):
        dsn = server.dsn()
        wanted = [ADD_TABLE, DROP_COLUMN, NEXT_TABLE]
        assert migrate.migrate(dsn, phase="pre", wanted=wanted) == [each.name for each in wanted]
