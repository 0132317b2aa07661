"""A database with events gets partitions: all of it stays, and both releases go on meanwhile."""

from collections.abc import Iterator

import psycopg
import pytest

from infrastructure.backup import figures
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import migrate
from tests.integration.event_store.plain_append import BALANCED, Session, append, payload
from tests.support import log_partitions

BEFORE = 77
MONEY = payload({"entry": BALANCED})
_NAME = "before_partitions"


@pytest.fixture
def owner(postgres: EmbeddedPostgres) -> Iterator[Session]:
    """A database as the release before had it, with 30 events."""
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {_NAME}".encode())
        try:
            wanted = [each for each in migrate.migrations() if each.number <= BEFORE]
            migrate.migrate(postgres.dsn(_NAME), wanted=wanted)
            with psycopg.connect(postgres.dsn(_NAME), autocommit=True) as connection:
                for number in range(30):
                    append(connection, [(f"booking-{number % 7}", number // 7 + 1, MONEY)])
                yield connection
        finally:
            server.execute(f"DROP DATABASE {_NAME} WITH (FORCE)".encode())


def up_to(owner: Session, number: int) -> None:
    wanted = [each for each in migrate.migrations() if each.number <= number]
    migrate.migrate(owner.info.dsn, wanted=wanted)


def test_a_log_keeps_all_it_has_when_it_becomes_partitions(owner: Session) -> None:
    before = figures.read(owner, upto=30)
    migrate.migrate(owner.info.dsn, phase="pre")
    append(owner, [("booking-0", 6, MONEY)])
    [old] = owner.execute(
        "SELECT count(*) FROM ledger.event WHERE stream = 'booking-0' AND version > 0"
    ).fetchall()
    assert old == (6,)
    migrate.migrate(owner.info.dsn, phase="post")
    after = figures.read(owner, upto=30)
    assert (after.hashes, after.trial_balance) == (before.hashes, before.trial_balance)
    assert log_partitions.names(owner, "event") == ["event_1", "event_10000001"]
    assert owner.execute(
        "SELECT count(*) FROM ledger.event AS e FULL JOIN ledger.stream_event AS s "
        "USING (stream, version, position) WHERE e.tag IS NULL OR s.stream IS NULL"
    ).fetchall() == [(0,)]
    with pytest.raises(psycopg.errors.UniqueViolation):
        append(owner, [("booking-0", 3, MONEY)])


def test_appends_between_two_steps_of_the_migration_are_in_it(owner: Session) -> None:
    version = 6
    for number in range(78, 83):
        up_to(owner, number)
        append(owner, [("booking-0", version, MONEY)])
        version += 1
    rows = owner.execute(
        "SELECT version FROM ledger.stream_event WHERE stream = 'booking-0' ORDER BY 1"
    ).fetchall()
    assert [row[0] for row in rows] == list(range(1, version))
