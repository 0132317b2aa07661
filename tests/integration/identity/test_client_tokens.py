"""What clients may know of tokens and give back, and attacks on their tables by SQL."""

import datetime as dt
from collections.abc import AsyncIterator

import psycopg
import pytest

from application.identity.change_client_secret import change_client_secret
from application.identity.disable_client import disable_client
from application.identity.exchange_for_tokens import exchange_for_tokens
from application.identity.revoke_consent import revoke_consent
from tests.support import identity as identities
from tests.support.identity import Identity
from tests.support.partners import (
    EMAIL,
    PASSWORD,
    RESOURCE,
    SERVICE,
    is_over,
    partner,
    refused,
    user_of,
)
from tests.support.servers import TestDatabase


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        await each.register(EMAIL, PASSWORD)
        yield each


async def test_a_client_introspects_its_own_tokens_only(identity: Identity) -> None:
    user, web, other, resource = (
        await user_of(identity),
        await partner(identity),
        await partner(identity),
        await partner(identity, RESOURCE),
    )
    tokens = await web.exchange(await web.code(user))
    assert tokens.refresh_token is not None
    own = (await identity.signed_in(EMAIL, PASSWORD)).tokens
    found = await web.introspect(tokens.access_token)
    assert found is not None
    assert (found.client, found.subject) == (web.client.id, user.user)
    assert (found.scopes, found.is_refresh_token) == ({"bookings:read"}, False)
    assert found.expires_at == int(identity.now.timestamp()) + 900
    by_refresh = await web.introspect(tokens.refresh_token)
    assert by_refresh is not None
    assert by_refresh.is_refresh_token
    for token in (tokens.access_token, tokens.refresh_token, own.access_token):
        assert await other.introspect(token) is None
        assert await resource.introspect(token) is not None
    # The last symbol of a secret may stand for the same bytes as another: one before it is changed.
    given = tokens.refresh_token
    changed = given[:-2] + ("A" if given[-2] != "A" else "B") + given[-1]
    for token in ("", "rt_", tokens.access_token + "x", changed):
        if token:
            assert await resource.introspect(token) is None
    await web.refresh(tokens.refresh_token)
    assert await web.introspect(tokens.refresh_token) is None
    await revoke_consent(user.user, web.client.id, identity.clients)
    assert await web.introspect(tokens.access_token) is None
    assert await resource.introspect(tokens.access_token) is None
    identity.now += dt.timedelta(minutes=15)
    assert await resource.introspect(own.access_token) is None


async def test_a_client_revokes_its_own_tokens_only(identity: Identity) -> None:
    user, web, other, service = (
        await user_of(identity),
        await partner(identity),
        await partner(identity),
        await partner(identity, SERVICE),
    )
    first = await web.exchange(await web.code(user))
    second = await web.exchange(await web.code(user))
    assert first.refresh_token is not None
    own = (await identity.signed_in(EMAIL, PASSWORD)).tokens
    for token in (first.access_token, first.refresh_token, own.access_token, "anything"):
        await other.revoke(token)
    assert not await is_over(identity, first)
    await web.revoke(first.refresh_token)
    assert await is_over(identity, first)
    assert not await is_over(identity, second)
    await web.revoke(second.access_token)
    assert await is_over(identity, second)
    form = {"grant_type": "client_credentials"}
    of_service = await exchange_for_tokens(service.request(form), identity.clients)
    await refused(service.revoke(of_service.access_token), "unsupported_token_type")


async def test_the_audit_has_who_changed_which_client(
    identity: Identity, database: TestDatabase
) -> None:
    user, web = await user_of(identity), await partner(identity)
    await change_client_secret(web.client.id, identity.clients, by=user.user)
    await disable_client(web.client.id, identity.clients, by=None)
    with psycopg.connect(database.owner_dsn) as connection:
        recorded = connection.execute(
            "SELECT action, actor FROM audit.recorded_action WHERE resource = %s ORDER BY id",
            (web.client.id,),
        ).fetchall()
    assert recorded == [
        ("identity.client_registered", "operator"),
        ("identity.client_secret_changed", user.user),
        ("identity.client_disabled", "operator"),
    ]


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM identity.client",
        "TRUNCATE identity.client",
        "UPDATE identity.client SET redirect_uris = redirect_uris",
        "UPDATE identity.client SET scopes = scopes",
        "UPDATE identity.client SET role = 'finance'",
        "UPDATE identity.client SET kind = 'native'",
        "DELETE FROM identity.consent",
        "UPDATE identity.consent SET user_id = user_id",
        "DELETE FROM identity.authorization_code",
        "UPDATE identity.authorization_code SET expires_at = expires_at",
        "SELECT identity.admit_session()",
        "UPDATE identity.authorization_code SET challenge = challenge",
        "UPDATE identity.authorization_code SET redirect_uri = redirect_uri",
        "UPDATE identity.session SET client_id = client_id",
        "UPDATE identity.session SET scopes = scopes",
    ],
)
def test_the_application_cannot_forge_clients_consents_or_codes(
    database: TestDatabase, attack: str
) -> None:
    with (
        psycopg.connect(database.app_dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(attack.encode())


ENDED, CONSTRAINT = "AIS01", "23514"


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        ("UPDATE identity.authorization_code SET used_at = now(), session = 'ses_other'", ENDED),
        ("UPDATE identity.authorization_code SET used_at = NULL, session = NULL", ENDED),
        ("UPDATE identity.authorization_code SET voided_at = now()", ENDED),
        ("UPDATE identity.client SET secret_hash = '\\x00'", CONSTRAINT),
        ("UPDATE identity.client SET secret_hash = NULL", CONSTRAINT),
        ("UPDATE identity.consent SET scopes = '{}'", CONSTRAINT),
        (
            "INSERT INTO identity.authorization_code SELECT sha256('x'), client_id, user_id, "
            "granted_in, redirect_uri, scopes, challenge, now(), now() + interval '61 seconds' "
            "FROM identity.authorization_code",
            CONSTRAINT,
        ),
        (
            "INSERT INTO identity.session (id, user_id, kind, source, salt, created_at, "
            "last_used_at, expires_at, refresh_expires_at) SELECT 'ses_' || repeat('0', 24), "
            "user_id, 'third_party', source, salt, created_at, last_used_at, expires_at, "
            "refresh_expires_at FROM identity.session LIMIT 1",
            CONSTRAINT,
        ),
    ],
)
async def test_the_database_refuses_what_no_client_does(
    identity: Identity, database: TestDatabase, attack: str, code: str
) -> None:
    user, web = await user_of(identity), await partner(identity)
    await web.exchange(await web.code(user))
    _is_refused(database, attack, code)


async def test_a_disabled_client_is_changed_by_nobody(
    identity: Identity, database: TestDatabase
) -> None:
    web = await partner(identity)
    await disable_client(web.client.id, identity.clients, by=None)
    for change in ("disabled_at = NULL", "secret_hash = sha256('x')"):
        _is_refused(database, f"UPDATE identity.client SET {change}", ENDED)


def _is_refused(database: TestDatabase, attack: str, code: str) -> None:
    with psycopg.connect(database.app_dsn) as connection, pytest.raises(psycopg.Error) as refusal:
        connection.execute(attack.encode())
    assert refusal.value.sqlstate == code
