"""Registering and signing in against a real database: locks, races, stored data."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

import psycopg
import pytest

from application.identity.ports import Principal
from application.ports import Unavailable
from domain.identity import lockout, rejections
from infrastructure.identity import passwords
from tests.support import identity as identities
from tests.support.identity import Identity
from tests.support.servers import TestDatabase

STRANGER = "203.0.113.250"
EMAIL, PASSWORD = "layla@example.com", "correct horse battery"


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        yield each


def facts(database: TestDatabase) -> list[str]:
    with psycopg.connect(database.owner_dsn) as connection:
        rows = connection.execute("SELECT happened FROM identity.auth_event ORDER BY id")
        return [row[0] for row in rows]


async def refused(identity: Identity, password: str = "wrong password", **where: str) -> None:
    with pytest.raises(rejections.CredentialsRefused):
        await identity.log_in(EMAIL, password, **where)


async def test_a_registered_user_signs_in_under_any_spelling(identity: Identity) -> None:
    await identity.register(EMAIL, PASSWORD)
    token = await identity.log_in("Layla@EXAMPLE.com ", PASSWORD)
    assert identity.tokens.verify(token.encode()).role == "customer"


async def test_staff_keep_their_role(identity: Identity) -> None:
    await identity.register(EMAIL, PASSWORD, "finance")
    token = await identity.log_in(EMAIL, PASSWORD)
    principal = identity.tokens.verify(token.encode())
    assert principal == Principal(principal.user, "finance", principal.session)
    assert principal.session.startswith("ses_")


async def test_a_known_address_stays_with_its_owner(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register(EMAIL, PASSWORD)
    await identity.register(EMAIL.upper(), "another good password", "admin")
    await refused(identity, "another good password")
    await identity.log_in(EMAIL, PASSWORD)
    with psycopg.connect(database.owner_dsn) as connection:
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM identity.app_user), "
            "(SELECT count(*) FROM vault.subject_key)"
        ).fetchone()
    assert counts == (1, 1)
    assert facts(database) == ["registered", "registered_again", "sign_in_refused", "signed_in"]


async def test_only_one_of_many_concurrent_registrations_succeeds(
    identity: Identity, database: TestDatabase
) -> None:
    await asyncio.gather(*(identity.register(EMAIL, f"good password {n}") for n in range(8)))
    assert sorted(facts(database)) == ["registered"] + ["registered_again"] * 7


async def test_the_address_is_stored_sealed_only(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register(EMAIL, PASSWORD)
    with psycopg.connect(database.owner_dsn) as connection:
        row = connection.execute("SELECT u::text FROM identity.app_user AS u").fetchone()
    assert row is not None
    assert EMAIL not in row[0]
    assert EMAIL.encode().hex() not in row[0]
    assert PASSWORD not in row[0]
    assert "$argon2id$" in row[0]


async def test_five_wrong_passwords_of_a_place_lock_even_the_right_one_for_half_an_hour(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register(EMAIL, PASSWORD)
    for _ in range(5):
        await refused(identity)
    await refused(identity, PASSWORD)
    identity.now += dt.timedelta(minutes=29)
    await refused(identity, PASSWORD)
    identity.now += dt.timedelta(minutes=1)
    await identity.log_in(EMAIL, PASSWORD)
    assert facts(database) == [
        "registered",
        *["sign_in_refused"] * 4,
        "locked",
        "sign_in_refused",
        "sign_in_refused",
        "signed_in",
    ]


async def test_signing_in_clears_the_count(identity: Identity) -> None:
    await identity.register(EMAIL, PASSWORD)
    for _ in range(3):
        for _ in range(4):
            await refused(identity)
        await identity.log_in(EMAIL, PASSWORD)


async def test_at_most_five_of_many_concurrent_guesses_are_checked(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register(EMAIL, PASSWORD)
    outcomes = await asyncio.gather(
        *(identity.log_in(EMAIL, f"guess number {n}") for n in range(20)), return_exceptions=True
    )
    assert all(isinstance(each, rejections.CredentialsRefused) for each in outcomes)
    await refused(identity, PASSWORD)
    assert facts(database).count("locked") == 1
    with psycopg.connect(database.owner_dsn) as connection:
        row = connection.execute("SELECT failed_logins FROM identity.sign_in_place").fetchone()
    assert row == (5,)


async def test_strangers_lock_their_own_address_and_not_the_owner_out(identity: Identity) -> None:
    await identity.register(EMAIL, PASSWORD)
    for _ in range(20):
        await refused(identity, address=STRANGER)
    await refused(identity, PASSWORD, address=STRANGER)
    await identity.log_in(EMAIL, PASSWORD)


async def test_a_device_that_signed_in_before_is_not_locked_out_by_others_at_its_address(
    identity: Identity,
) -> None:
    await identity.register(EMAIL, PASSWORD)
    device = (await identity.signed_in(EMAIL, PASSWORD)).device_token
    for _ in range(5):
        await refused(identity)
    await refused(identity, PASSWORD)
    assert (await identity.signed_in(EMAIL, PASSWORD, device=device)).device_token == device


async def test_guesses_with_a_stolen_device_are_counted_for_that_device(
    identity: Identity,
) -> None:
    await identity.register(EMAIL, PASSWORD)
    device = (await identity.signed_in(EMAIL, PASSWORD)).device_token
    for number in range(5):
        await refused(identity, address=f"203.0.113.{number}", device=device)
    await refused(identity, PASSWORD, device=device)
    await identity.log_in(EMAIL, PASSWORD)


async def test_a_device_of_another_account_or_a_made_up_one_counts_as_the_address(
    identity: Identity,
) -> None:
    await identity.register(EMAIL, PASSWORD)
    await identity.register("other@example.com", PASSWORD)
    other = (await identity.signed_in("other@example.com", PASSWORD)).device_token
    for device in (other, "x" * 43, "é" * 43, "", other[:-1]):
        await refused(identity, device=device)
    for device in (other, "x" * 43):
        await refused(identity, PASSWORD, device=device)


async def test_many_strange_addresses_are_stopped_together_and_known_ones_go_on(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register(EMAIL, PASSWORD)
    await identity.log_in(EMAIL, PASSWORD)
    for number in range(80):
        await refused(identity, address=f"203.0.113.{number}")
    await refused(identity, PASSWORD, address=STRANGER)
    await identity.log_in(EMAIL, PASSWORD)
    with psycopg.connect(database.owner_dsn) as connection:
        places = connection.execute("SELECT count(*) FROM identity.sign_in_place").fetchone()
    assert places == (51,)
    identity.now += lockout.LOCK_DURATION
    await identity.log_in(EMAIL, PASSWORD, address=STRANGER)


async def test_places_that_count_no_more_are_deleted(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register(EMAIL, PASSWORD)
    await identity.log_in(EMAIL, PASSWORD)
    for number in range(20):
        await refused(identity, address=f"203.0.113.{number}")
    identity.now += dt.timedelta(days=90)
    await refused(identity, address=STRANGER)
    with psycopg.connect(database.owner_dsn) as connection:
        rows = connection.execute("SELECT p::text FROM identity.sign_in_place AS p").fetchall()
    assert len(rows) == 1
    assert STRANGER not in rows[0][0]


async def test_an_unknown_user_costs_a_hash_and_is_recorded_without_a_name(
    identity: Identity, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed: list[str] = []
    matches = identity.hasher._matches

    def counting(password: str, stored: str) -> bool:
        weighed.append(stored)
        return matches(password, stored)

    monkeypatch.setattr(identity.hasher, "_matches", counting)
    await refused(identity)
    assert [each.split("$")[1] for each in weighed] == ["argon2id"]
    assert facts(database) == ["sign_in_refused"]


async def test_the_password_of_the_dummy_hash_signs_nobody_in(identity: Identity) -> None:
    await refused(identity, "nobody has this password")


async def test_an_invalid_password_registers_nobody(
    identity: Identity, database: TestDatabase
) -> None:
    with pytest.raises(rejections.InvalidPassword):
        await identity.register(EMAIL, "short")
    assert facts(database) == []


async def test_too_many_concurrent_hashes_are_refused(identity: Identity) -> None:
    outcomes = await asyncio.gather(
        *(identity.hasher.verify("x", None) for _ in range(passwords.WAITING_LIMIT + 10)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Unavailable) for each in outcomes) == 10
    assert await identity.hasher.verify("x", None) is False


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM identity.app_user",
        "UPDATE identity.app_user SET role = 'admin'",
        "UPDATE identity.app_user SET email_index = ''",
        "TRUNCATE identity.app_user",
        "DELETE FROM identity.auth_event",
        "UPDATE identity.auth_event SET happened = 'signed_in'",
        "TRUNCATE identity.auth_event",
    ],
)
def test_the_application_cannot_change_the_sign_in_record(
    database: TestDatabase, attack: str
) -> None:
    with (
        psycopg.connect(database.app_dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(attack.encode())


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM identity.auth_event",
        "UPDATE identity.auth_event SET user_id = NULL",
        "TRUNCATE identity.auth_event",
    ],
)
def test_even_the_owner_cannot_change_the_sign_in_record(
    database: TestDatabase, attack: str
) -> None:
    with (
        psycopg.connect(database.owner_dsn) as connection,
        pytest.raises(psycopg.DatabaseError, match="append-only"),
    ):
        connection.execute(attack.encode())
