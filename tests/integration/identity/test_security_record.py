"""Refused attempts in a real database: recorded soon, whatever the token says."""

import datetime as dt

import psycopg

from infrastructure.identity.security_record import WAITING_LIMIT, PostgresSecurityRecord
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.sealing import master_key
from tests.support import identity as identities
from tests.support.identity import Identity
from tests.support.servers import TestDatabase

ROUTE = "GET /api/bookings/{booking_id:str}"
NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


def record_of(identity: Identity) -> PostgresSecurityRecord:
    places = KeyedSignInPlaces(master_key.parse(master_key.generated()))
    return PostgresSecurityRecord(identity.pool, places, now=lambda: NOW)


async def test_refused_attempts_are_recorded_without_the_address(database: TestDatabase) -> None:
    async with identities.opened(database.app_dsn) as identity:
        await identity.register("layla@example.com", "correct horse battery")
        record = record_of(identity)
        with psycopg.connect(database.owner_dsn) as connection:
            ((user,),) = connection.execute("SELECT id FROM identity.app_user").fetchall()
        for known in (user, "usr_of_elsewhere", None):
            record.note(
                "foreign_booking",
                user_id=known,
                route=ROUTE,
                address="198.51.100.7",
                correlation_id="c",
            )
        record.note("limit_reached", user_id=user, route=ROUTE, address="::1", correlation_id="d")
        await record.close()
    with psycopg.connect(database.owner_dsn) as connection:
        rows = connection.execute(
            "SELECT happened, user_id, at, route, octet_length(source), correlation_id "
            "FROM identity.auth_event WHERE happened <> 'registered' ORDER BY id"
        ).fetchall()
    assert rows == [
        *[("foreign_booking", each, NOW, ROUTE, 32, "c") for each in (user, None, None)],
        ("limit_reached", user, NOW, ROUTE, 32, "d"),
    ]


async def test_a_flood_is_bounded_and_does_not_keep_its_answers_waiting(
    database: TestDatabase,
) -> None:
    async with identities.opened(database.app_dsn) as identity:
        record = record_of(identity)
        # Whatever waits for the table waits until all are noted.
        with psycopg.connect(database.owner_dsn) as locking:
            locking.execute("LOCK TABLE identity.auth_event")
            for _ in range(WAITING_LIMIT * 2):
                record.note(
                    "token_refused",
                    user_id=None,
                    route=ROUTE,
                    address="198.51.100.7",
                    correlation_id="c",
                )
        await record.close()
    with psycopg.connect(database.owner_dsn) as connection:
        counted = connection.execute("SELECT count(*) FROM identity.auth_event").fetchone()
    assert counted == (WAITING_LIMIT,)


async def test_without_a_database_the_answers_go_on(database: TestDatabase) -> None:
    async with identities.opened(database.app_dsn) as identity:
        record = record_of(identity)
        await identity.pool.close()
        record.note(
            "token_refused", user_id=None, route=ROUTE, address="198.51.100.7", correlation_id="c"
        )
        await record.close()
