"""The search index: kept once by several processes, and emptied by the database with a key."""

import datetime as dt
import time
from collections.abc import AsyncIterator

import psycopg
import pytest

from application.booking.index_bookings import Search
from application.booking.search_terms import Criterion, Term
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.postgres import pool as pools
from infrastructure.sealing import master_key
from infrastructure.sealing.search_index import PostgresSearchIndex
from infrastructure.sealing.vault import SubjectVault
from tests.support.http_client import Seconds
from tests.support.servers import TestDatabase

NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
KEYS = master_key.parse(master_key.generated())
ONE, OTHER = "booking-AAAAAA", "booking-BBBBBB"


@pytest.fixture
async def pool(database: TestDatabase) -> AsyncIterator[pools.Pool]:
    opened = pools.make_pool(database.app_dsn)
    await opened.open()
    yield opened
    await opened.close()


def made(pool: pools.Pool, keys: master_key.MasterKeys = KEYS) -> PostgresSearchIndex:
    return PostgresSearchIndex(pool, keys, KeyedSignInPlaces(keys), now=lambda: NOW)


async def subject(pool: pools.Pool) -> str:
    """A person whose key is stored."""
    vault = SubjectVault(pool, KEYS, monotonic=Seconds(), time_ns=time.time_ns)
    name, key = vault.new_subject()
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO vault.subject_key (subject, wrapped) VALUES (%s, %s)", (name, key.wrapped)
        )
    return name


def search(criterion: Criterion = "name", form: str = "HARBI") -> Search:
    return Search(criterion, form, "user_x", "POST /find", "198.51.100.7")


async def found(index: PostgresSearchIndex, *wanted: str, after: str = "") -> list[str]:
    return list(await index.find(search(*wanted), after=after, limit=10))  # type: ignore[arg-type]


async def test_the_terms_of_a_booking_are_replaced_and_no_others(pool: pools.Pool) -> None:
    index, person = made(pool), await subject(pool)
    before, after = Term("name", "HARBI", person), Term("name", "HARBY", person)
    assert await index.replace({ONE: {before}, OTHER: {before}}, after=0, upto=5)
    assert await found(index) == [ONE, OTHER]
    assert await found(index, after=ONE) == [OTHER]
    assert await index.replace({ONE: {after}}, after=5, upto=7)
    assert await found(index) == [OTHER]
    assert await found(index, "name", "HARBY") == [ONE]
    assert await found(index, "document", "HARBI") == []
    assert await found(made(pool, master_key.parse(master_key.generated()))) == []


async def test_of_two_processes_at_once_the_later_one_stores_nothing(pool: pools.Pool) -> None:
    index, person = made(pool), await subject(pool)
    assert await index.replace({ONE: {Term("name", "NEW", person)}}, after=0, upto=9)
    assert not await index.replace({ONE: {Term("name", "OLD", person)}}, after=0, upto=4)
    assert await found(index, "name", "NEW") == [ONE]
    assert await found(index, "name", "OLD") == []
    assert await index.changed(frozenset(), limit=10) == (9, 9, [])


async def test_rows_disappear_with_the_key_and_do_not_come_back(
    pool: pools.Pool, database: TestDatabase
) -> None:
    index, person, other = made(pool), await subject(pool), await subject(pool)
    terms = {ONE: {Term("name", "HARBI", person), Term("name", "QAHTANI", other)}}
    assert await index.replace(terms, after=0, upto=1)
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("DELETE FROM vault.subject_key WHERE subject = %s", (person,))
    assert await found(index) == []
    # A process that has opened the name before the key was destroyed.
    assert await index.replace(terms, after=1, upto=2)
    assert await found(index) == []
    assert await found(index, "name", "QAHTANI") == [ONE]


async def test_one_text_has_another_hash_in_each_criterion(
    pool: pools.Pool, database: TestDatabase
) -> None:
    for criterion in ("name", "document", "name"):
        await made(pool).record(search(criterion))
    with psycopg.connect(database.owner_dsn) as connection:
        rows = connection.execute(
            "SELECT searched FROM identity.auth_event WHERE happened = 'bookings_searched' "
            "ORDER BY id"
        ).fetchall()
    name, document, again = [bytes(row[0]) for row in rows]
    assert name == again != document


async def test_a_search_that_cannot_be_recorded_is_not_answered(
    pool: pools.Pool, database: TestDatabase
) -> None:
    index, person = made(pool), await subject(pool)
    assert await index.replace({ONE: {Term("name", "HARBI", person)}}, after=0, upto=1)
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("REVOKE INSERT ON identity.auth_event FROM ais_application")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await found(index)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await index.record(search())


@pytest.mark.parametrize(
    ("role", "attack"),
    [
        ("ais_application", "UPDATE vault.booking_term SET booking = 'booking-AAAAAA'"),
        ("ais_application", "TRUNCATE vault.booking_term"),
        ("ais_projector", "SELECT * FROM vault.booking_term"),
        ("ais_projector", "DELETE FROM vault.booking_term"),
    ],
)
def test_the_application_changes_no_term_and_the_projector_sees_none(
    database: TestDatabase, role: str, attack: str
) -> None:
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(f"SET ROLE {role}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(attack.encode())
