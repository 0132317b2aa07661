"""Partitions: the next one is there before it is needed, and each refuses what the log refuses."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.integration.event_store.plain_append import BALANCED, Session, append, payload
from tests.support import log_partitions
from tests.support.servers import TestDatabase

WIDTH = 20
PLAIN = payload({"note": "x"})
MONEY = payload({"entry": BALANCED})
_EVENT = (
    "INSERT INTO ledger.{into} SELECT {position}, '{stream}', {version}, tag, recorded_at, actor, "
    "command_id, correlation_id, causation_id, payload FROM ledger.event WHERE position = 1"
)


@pytest.fixture
def owner(database: TestDatabase) -> Iterator[Session]:
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        log_partitions.shrink(connection, WIDTH)
        yield connection


@pytest.fixture
def session(database: TestDatabase, owner: Session) -> Iterator[Session]:
    with psycopg.connect(database.app_dsn, autocommit=True) as connection:
        yield connection


def fill(session: Session, events: int, *, stream: str = "booking-A", before: int = 0) -> None:
    for version in range(before + 1, before + events + 1):
        append(session, [(stream, version, MONEY)])


def positions(owner: Session, table: str) -> list[int]:
    query = f"SELECT DISTINCT position FROM ledger.{table} ORDER BY 1"
    return [row[0] for row in owner.execute(query.encode()).fetchall()]


def test_appends_make_the_next_partition_and_go_on_in_it(session: Session, owner: Session) -> None:
    fill(session, 2 * WIDTH + 5)
    ranges = owner.execute(
        "SELECT first_position, last_position FROM ledger.log_partition ORDER BY 1"
    ).fetchall()
    assert ranges == [(1, 20), (21, 40), (41, 60), (61, 80)]
    for table in ("event", "posting"):
        assert log_partitions.names(owner, table) == [f"{table}_{first}" for first, _ in ranges]
        assert positions(owner, table) == list(range(1, 2 * WIDTH + 6))
        assert positions(owner, f"{table}_21") == list(range(21, 41))


def test_one_append_goes_over_the_end_of_a_partition(session: Session, owner: Session) -> None:
    fill(session, WIDTH - 2)
    append(session, [("booking-B", version, MONEY) for version in range(1, 6)])
    assert positions(owner, "event_21") == positions(owner, "posting_21") == [21, 22, 23]


def test_a_stream_has_each_version_once_over_all_partitions(
    session: Session, owner: Session
) -> None:
    fill(session, WIDTH + 1)
    assert append(session, [("booking-A", WIDTH + 2, PLAIN)], reads={"booking-A": 3})[2] == {
        "booking-A": WIDTH + 1
    }
    with pytest.raises(psycopg.errors.UniqueViolation) as error:
        append(session, [("booking-A", 3, PLAIN)])
    assert error.value.diag.constraint_name == "event_stream_version"
    for into in ("event", f"event_{WIDTH + 1}"):
        statement = _EVENT.format(into=into, position=WIDTH + 2, stream="booking-A", version=3)
        with pytest.raises(psycopg.errors.UniqueViolation):
            owner.execute(statement.encode())


def test_an_append_does_not_wait_for_a_lock_that_the_next_partition_needs(
    database: TestDatabase, session: Session, owner: Session
) -> None:
    with psycopg.connect(database.owner_dsn) as other:
        other.execute("LOCK TABLE ledger.event IN SHARE UPDATE EXCLUSIVE MODE")
        fill(session, WIDTH + 5)
        assert len(log_partitions.names(owner, "event")) == 2
    fill(session, 2, before=WIDTH + 5)
    assert len(log_partitions.names(owner, "event")) == 3


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("number", [1, WIDTH + 1, 2 * WIDTH + 1])
@pytest.mark.parametrize("table", ["event", "posting"])
def test_even_the_owner_changes_nothing_in_a_partition(
    session: Session, owner: Session, table: str, number: int, role: str
) -> None:
    fill(session, WIDTH + 1)
    owner.execute(f"SET session_replication_role = {role}".encode())
    name = f"ledger.{table}_{number}"
    for statement in (
        f"UPDATE {name} SET position = position",
        f"DELETE FROM {name}",
        f"TRUNCATE {name}",
    ):
        with pytest.raises(psycopg.Error) as error:
            owner.execute(statement.encode())
        assert error.value.sqlstate == "AIS01"


@pytest.mark.parametrize("into", ["posting", "posting_1", f"posting_{WIDTH + 1}"])
def test_a_partition_takes_no_posting_that_the_log_would_refuse(
    session: Session, owner: Session, into: str
) -> None:
    position = WIDTH if into == "posting_1" else WIDTH + 1
    fill(session, position - 1)
    line = "({position}, {line}, 'cash', 'booking-A', {amount}, 'SAR', '2026-11-24', 'rule')"

    def insert(*amounts: int) -> None:
        lines = ", ".join(
            line.format(position=position, line=number, amount=amount)
            for number, amount in enumerate(amounts, start=7)
        )
        owner.execute(f"INSERT INTO ledger.{into} VALUES {lines}".encode())

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        insert(5, -5)
    append(session, [("booking-B", 1, PLAIN)])
    with pytest.raises(psycopg.Error) as error:
        insert(5, -4)
    assert error.value.sqlstate == "AIS02"
    owner.execute("INSERT INTO ledger.closed_period VALUES ('2026-11-01')")
    with pytest.raises(psycopg.Error) as error:
        insert(5, -5)
    assert error.value.sqlstate == "AIS07"


@pytest.mark.parametrize("table", ["event", "posting"])
@pytest.mark.parametrize("number", [1, WIDTH + 1])
def test_a_login_reaches_partitions_through_the_log_only(
    session: Session, table: str, number: int
) -> None:
    for statement in ("SELECT FROM", "DELETE FROM", "TRUNCATE"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(f"{statement} ledger.{table}_{number}".encode())
    for statement in (
        "SELECT ledger.prepare_partition()",
        "DELETE FROM ledger.stream_event",
        "UPDATE ledger.stream_event SET position = 1",
        "DELETE FROM ledger.log_partition",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(statement.encode())
