"""Guards of clients and sessions that hold where another one was passed just before."""

import datetime as dt
from collections.abc import AsyncIterator

import msgspec
import pytest

from application.identity.authorize_client import give_consent, requested_authorization
from application.identity.client_ports import NewCode
from application.identity.disable_client import disable_client
from application.identity.end_sessions import end_sessions
from application.identity.ports import Principal, TokenRefused
from application.identity.renew_recovery_codes import renew_recovery_codes
from application.identity.session_ports import NewSession
from domain.identity import rejections, sessions
from domain.identity.clients import CODE_LIFE
from domain.identity.lockout import Attempts
from tests.integration.identity.test_second_factors import STEP, answer, ask, enrolled
from tests.support import identity as identities
from tests.support.identity import HOME, Identity
from tests.support.partners import (
    CALLBACK,
    CHALLENGE,
    EMAIL,
    PASSWORD,
    Partner,
    is_over,
    partner,
    refused,
    user_of,
)
from tests.support.servers import TestDatabase

ASKED = {
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "scope": "bookings:read",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        yield each


@pytest.fixture
async def user(identity: Identity) -> Principal:
    await identity.register(EMAIL, PASSWORD)
    return await user_of(identity)


def new_code(identity: Identity, web: Partner, user: Principal, granted_in: str) -> NewCode:
    return NewCode(
        digest=identity.clients.secrets.digest("ac_one"),
        client=web.client.id,
        user=user.user,
        granted_in=granted_in,
        redirect_uri=CALLBACK,
        scopes=("bookings:read",),
        challenge=CHALLENGE,
        created_at=identity.now,
        expires_at=identity.now + CODE_LIFE,
    )


def new_session(identity: Identity, web: Partner, user: Principal) -> NewSession:
    opened = sessions.opened(
        identity.sessions.new_session_id(),
        user.user,
        "third_party",
        at=identity.now,
        client=web.client.id,
        scopes=("bookings:read",),
    )
    return NewSession(opened, salt=b"s" * 16, device=None, source=b"p" * 32)


async def test_a_code_that_is_presented_later_once_more_ends_what_it_opened(
    identity: Identity, user: Principal
) -> None:
    web = await partner(identity)
    code = await web.code(user)
    tokens = await web.exchange(code)
    await refused(web.exchange(code), "invalid_grant")
    assert await is_over(identity, tokens)


async def test_a_client_that_is_disabled_while_the_page_is_open_gets_no_code(
    identity: Identity, user: Principal
) -> None:
    web = await partner(identity)
    asked = {**ASKED, "client_id": web.client.id}
    authorization = await requested_authorization(asked, identity.clients)
    await disable_client(web.client.id, identity.clients, by=None)
    await refused(give_consent(authorization, user, identity.clients), "invalid_client")


async def test_a_user_who_signs_out_while_the_page_is_open_consents_to_nothing(
    identity: Identity, user: Principal
) -> None:
    web = await partner(identity)
    asked = {**ASKED, "client_id": web.client.id}
    authorization = await requested_authorization(asked, identity.clients)
    await end_sessions(user.user, "signed_out", identity.sessions, only=user.session)
    await refused(give_consent(authorization, user, identity.clients), "invalid_client")


async def test_the_database_grants_nothing_in_the_session_of_a_client(
    identity: Identity, user: Principal
) -> None:
    web = await partner(identity)
    tokens = await web.exchange(await web.code(user))
    theirs = identity.tokens.verify(tokens.access_token.encode()).session
    grant = identity.clients.authorizations.grant
    assert not await grant(new_code(identity, web, user, theirs))
    assert await grant(new_code(identity, web, user, user.session))


@pytest.mark.parametrize("attack", ["disabled", "of another client"])
async def test_the_database_opens_no_session_for_another_or_a_disabled_client(
    identity: Identity, user: Principal, attack: str
) -> None:
    web = other = await partner(identity)
    code = new_code(identity, web, user, user.session)
    assert await identity.clients.authorizations.grant(code)
    if attack == "disabled":
        await disable_client(web.client.id, identity.clients, by=None)
    else:
        other = await partner(identity)
        await other.code(user)
    redeem = identity.clients.authorizations.redeem
    assert await redeem(code.digest, new_session(identity, other, user)) is None


async def test_the_refresh_token_of_a_session_that_is_over_is_not_active(
    identity: Identity, user: Principal
) -> None:
    web = await partner(identity)
    revoked, old = [await web.exchange(await web.code(user)) for _ in range(2)]
    assert revoked.refresh_token is not None
    assert old.refresh_token is not None
    await web.revoke(revoked.refresh_token)
    assert await web.introspect(revoked.refresh_token) is None
    assert await web.introspect(old.refresh_token) is not None
    identity.now += sessions.REFRESH_LIFE
    assert await web.introspect(old.refresh_token) is None


async def test_a_session_that_ends_while_it_is_refreshed_is_not_refreshed(
    identity: Identity, user: Principal
) -> None:
    rotate = identity.sessions.sessions.rotate
    late = identity.now + sessions.REFRESH_LIFE
    assert await rotate(user.session, generation=1, at=late) is None
    await end_sessions(user.user, "revoked", identity.sessions)
    assert await rotate(user.session, generation=1, at=identity.now) is None


def test_a_refresh_token_has_one_spelling(identity: Identity) -> None:
    """Of the last symbol two bits are none of the proof."""
    secrets = identity.sessions.secrets
    token = secrets.refresh_token("ses_" + "0" * 24, generation=1, salt=b"s" * 16)
    symbols = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = symbols[symbols.index(token[-1]) + 1]
    assert secrets.read(token) is not None
    assert secrets.read(token[:-1] + other) is None


def test_no_token_is_of_a_client_and_a_guest(identity: Identity) -> None:
    client = Principal("usr_one", "customer", "ses_one", client="client_one", scopes=frozenset())
    both = msgspec.structs.replace(client, booking="booking-A", scopes={"bookings:read"})
    with pytest.raises(TokenRefused):
        identity.tokens.verify(identity.tokens.issue(both).access_token.encode())


async def test_codes_that_are_entered_at_once_pass_no_lock(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All were checked before the first one was counted; the lock is looked at again."""
    app, _, _ = await enrolled(identity)

    async def stale(*_: object, at: dt.datetime) -> Attempts:
        return Attempts()

    monkeypatch.setattr(identity.directory, "attempts", stale)
    challenges = [await ask(identity) for _ in range(6)]
    for challenge in challenges[:5]:
        with pytest.raises(rejections.CredentialsRefused):
            await answer(identity, challenge, "AAAAA-AAAAA")
    with pytest.raises(rejections.CredentialsRefused):
        await answer(identity, challenges[5], app.code(identity.now))


async def test_recovery_codes_are_renewed_by_a_code_and_of_their_own_user(
    identity: Identity,
) -> None:
    app, codes, caller = await enrolled(identity)
    for wrong in ("AAAAA-AAAAA", app.code(identity.now - 10 * STEP)):
        with pytest.raises(rejections.CodeRefused):
            await renew_recovery_codes(caller, wrong, identity.accounts, address=HOME)
    await answer(identity, await ask(identity), codes[0])
    digest = identity.accounts.codes.recovery_hash
    assert digest(caller.user, codes[1]) != digest("usr_other", codes[1])
