"""The database refuses entries of closed months, whoever appends them."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.integration.event_store.plain_append import BALANCED, Session, append, payload
from tests.support.servers import TestDatabase

BOOKING = "booking-AAAAAA"
NOVEMBER = "period-2026-11"


@pytest.fixture
def session(database: TestDatabase) -> Iterator[Session]:
    """The application's own connection."""
    with psycopg.connect(database.app_dsn, autocommit=True) as connection:
        yield connection


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(psycopg.Error) as caught:
        yield
    assert caught.value.sqlstate == "AIS07"


def move(session: Session, version: int, tag: str) -> None:
    append(session, [(NOVEMBER, version, payload({"by": "user_1"}))], tags=[tag])


def test_no_entry_enters_a_closed_month_until_it_is_reopened(session: Session) -> None:
    append(session, [(BOOKING, 1, payload({"entry": BALANCED}))])
    move(session, 1, "period.closed.1")
    with refused():
        append(session, [(BOOKING, 2, payload({"entry": BALANCED}))])
    later = {**BALANCED, "effective_on": "2026-12-01"}
    append(session, [(BOOKING, 2, payload({"entry": later}))])
    move(session, 2, "period.reopened.1")
    append(session, [(BOOKING, 3, payload({"entry": BALANCED}))])


def test_a_month_is_closed_for_the_entries_of_its_own_append(session: Session) -> None:
    events = [(NOVEMBER, 1, payload({"by": "user_1"})), (BOOKING, 1, payload({"entry": BALANCED}))]
    with refused():
        append(session, events, tags=["period.closed.1", "attack.made.1"])


def test_the_application_reads_which_months_are_closed_and_changes_nothing(
    session: Session,
) -> None:
    move(session, 1, "period.closed.1")
    assert session.execute("SELECT month::text FROM ledger.closed_period").fetchall() == [
        ("2026-11-01",)
    ]
    for attack in (
        "DELETE FROM ledger.closed_period",
        "INSERT INTO ledger.closed_period VALUES ('2026-12-01')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(attack.encode())
