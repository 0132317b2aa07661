"""What a thief keeps of an account once its owner has acted: codes, sessions, guesses."""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import msgspec
import psycopg
import pytest

from application.identity.change_email import ChangeEmail, change_email
from application.identity.change_password import ChangePassword, change_password
from application.identity.change_role import ChangeRole, change_role
from application.identity.complete_sign_in import CompleteSignIn, complete_sign_in
from application.identity.confirm_email import confirm_email
from application.identity.end_sessions import end_sessions
from application.identity.enrol_second_factor import begin_enrolment, confirm_enrolment
from application.identity.log_in import (
    REFUSAL_SECONDS,
    LogIn,
    LoginPorts,
    SecondFactorAsked,
    log_in,
)
from application.identity.open_session import Device
from application.identity.ports import Principal
from application.identity.remove_second_factor import RemoveSecondFactor, remove_second_factor
from application.identity.renew_recovery_codes import renew_recovery_codes
from application.identity.revoke_consent import revoke_consent
from application.privacy.request_erasure import request_own_erasure
from domain.identity import rejections
from infrastructure.identity.one_time_codes import AuthenticatorCodes
from tests.integration.identity.test_passwords import rows, send_letters
from tests.integration.identity.test_second_factors import STEP, App
from tests.support import identity as identities
from tests.support.identity import HOME, Identity
from tests.support.partners import EMAIL, PASSWORD, is_over, partner, refused, user_of
from tests.support.servers import TestDatabase

OTHER = "seven dunes at dawn"
Acting = Callable[[Identity, Principal], Awaitable[object]]


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        await each.register(EMAIL, PASSWORD)
        yield each


async def change(identity: Identity, user: Principal) -> object:
    command = ChangePassword(PASSWORD, OTHER, HOME)
    return await change_password(user, command, identity.accounts)


async def enrol(identity: Identity, user: Principal) -> App:
    made = await begin_enrolment(user, PASSWORD, identity.accounts, address=HOME)
    app = App(made.secret)
    await confirm_enrolment(user, app.code(identity.now), identity.accounts, address=HOME)
    return app


async def revoke_others(identity: Identity, user: Principal) -> object:
    return await end_sessions(user.user, "revoked", identity.sessions, but=user.session)


@pytest.mark.parametrize("act", [change, enrol, revoke_others])
async def test_what_ends_the_other_sessions_ends_codes_that_none_was_opened_with_yet(
    identity: Identity, act: Acting
) -> None:
    """The code was granted in the very session that goes on: a thief used the open browser."""
    user, web = await user_of(identity), await partner(identity)
    code = await web.code(user)
    await act(identity, user)
    await refused(web.exchange(code), "invalid_grant")
    assert not await identity.ended.has_ended(user.session)
    # The user may consent again.
    await web.exchange(await web.code(user))


async def test_removing_the_second_factor_ends_codes_too(identity: Identity) -> None:
    user, web = await user_of(identity), await partner(identity)
    app = await enrol(identity, user)
    identity.now += STEP
    code = await web.code(user)
    removal = RemoveSecondFactor(PASSWORD, app.code(identity.now), HOME)
    await remove_second_factor(user, removal, identity.accounts)
    await refused(web.exchange(code), "invalid_grant")


async def test_signing_one_device_out_leaves_the_codes_of_another(identity: Identity) -> None:
    user, other, web = await user_of(identity), await user_of(identity), await partner(identity)
    code = await web.code(user)
    await end_sessions(user.user, "signed_out", identity.sessions, only=other.session)
    await web.exchange(code)


async def test_a_sign_in_that_began_before_the_second_factor_opens_nothing_after_it(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password is checked for a tenth of a second, in which the owner enrols an app."""
    user = await user_of(identity)
    verify = identity.hasher.verify

    async def slowly(password: str, stored: str | None) -> bool:
        found = await verify(password, stored)
        monkeypatch.setattr(identity.hasher, "verify", verify)
        await enrol(identity, user)
        return found

    monkeypatch.setattr(identity.hasher, "verify", slowly)
    command = LogIn(EMAIL, PASSWORD, Device("mobile", HOME))
    with pytest.raises(rejections.CredentialsRefused):
        await log_in(command, identity.login)


@pytest.mark.parametrize("turn", range(4))
async def test_sign_ins_that_race_an_enrolment_leave_no_session_without_the_factor(
    identity: Identity, database: TestDatabase, turn: int
) -> None:
    user = await user_of(identity)
    made = await begin_enrolment(user, PASSWORD, identity.accounts, address=HOME)
    code = App(made.secret).code(identity.now)

    async def enrolled() -> object:
        await asyncio.sleep(turn * 0.003)
        return await confirm_enrolment(user, code, identity.accounts, address=HOME)

    sign_ins = [
        log_in(LogIn(EMAIL, PASSWORD, Device("mobile", HOME)), identity.login) for _ in range(6)
    ]
    await asyncio.gather(enrolled(), *sign_ins, return_exceptions=True)
    live = rows(database, "SELECT id, second_factor FROM identity.session WHERE ended_at IS NULL")
    assert live == [(user.session, True)]


async def test_the_password_of_no_account_opens_one_that_was_closed(identity: Identity) -> None:
    """A closed account has no password: what is hashed in its place is a password of nobody."""
    for password in ("", "nobody has this password", PASSWORD):
        assert not await identity.hasher.verify(password, "")
        assert not await identity.hasher.verify(password, None)


@pytest.mark.parametrize(
    ("alike", "address"),
    [
        ("noura@faß.example", "noura@fass.example"),
        ("ſam@example.com", "sam@example.com"),
        ("ﬁn@example.com", "fin@example.com"),
        ("noura@βόλος.example", "noura@βόλοσ.example"),
    ],
)
async def test_another_mailbox_whose_address_looks_alike_is_another_account(
    identity: Identity, database: TestDatabase, alike: str, address: str
) -> None:
    """Whoever has the domain fass.example may not have faß.example: an admin who names the address
    of a colleague must not give a stranger the role."""
    await identity.register("admin@example.com", PASSWORD, "admin")
    admin = identity.tokens.verify((await identity.log_in("admin@example.com", PASSWORD)).encode())
    await identity.register(alike, PASSWORD, "agent")
    await identity.register(address, OTHER, "agent")
    await identity.log_in(alike, PASSWORD)
    await identity.log_in(address, OTHER)
    await change_role(admin, ChangeRole(address, "finance", "c"), identity.accounts)
    role = "SELECT role FROM identity.app_user WHERE email_index = "
    index = identity.lookup.of(alike).hex()
    assert rows(database, f"{role} '\\x{index}'") == [("agent",)]


@pytest.mark.parametrize(
    ("spelling", "other"),
    [
        ("Noura.A@example.com", "noura.a@EXAMPLE.com"),
        ("\u00e9t\u00e9@example.com", "e\u0301te\u0301@example.com"),
        ("É@example.com", "é@example.com"),
        ("ΣΊΓΜΑ@example.com", "σίγμα@example.com"),
    ],
)
def test_spellings_of_one_mailbox_are_one_account(
    identity: Identity, spelling: str, other: str
) -> None:
    assert identity.lookup.of(spelling) == identity.lookup.of(other)


async def test_a_code_does_not_come_back_with_a_new_consent(identity: Identity) -> None:
    user, web = await user_of(identity), await partner(identity)
    code = await web.code(user)
    await revoke_consent(user.user, web.client.id, identity.clients)
    later = await web.code(user)
    await refused(web.exchange(code), "invalid_grant")
    await web.exchange(later)


async def test_a_second_consent_hides_nothing_that_the_first_one_gave(identity: Identity) -> None:
    """The client asks for less, and still holds what it was given before: the list says so until
    the user takes it back."""
    user, web = await user_of(identity), await partner(identity)
    first = await web.exchange(await web.code(user, "bookings:write bookings:read"))
    second = await web.exchange(await web.code(user, "bookings:read"))
    assert (first.scopes, second.scopes) == (
        ("bookings:read", "bookings:write"),
        ("bookings:read",),
    )
    authorizations = identity.clients.authorizations
    (consent,) = await authorizations.consents_of(user.user)
    assert consent.scopes == ("bookings:read", "bookings:write")
    await revoke_consent(user.user, web.client.id, identity.clients)
    assert await is_over(identity, first)
    assert await is_over(identity, second)
    await web.code(user, "bookings:read")
    (consent,) = await authorizations.consents_of(user.user)
    assert consent.scopes == ("bookings:read",)


async def test_a_change_of_address_does_not_reveal_who_has_an_account(
    identity: Identity, database: TestDatabase
) -> None:
    """A link that is void after the request, or is not, would say that nobody has the address."""
    await identity.register("known@example.com", PASSWORD)
    before = len(rows(database, "SELECT FROM ledger.outbox"))
    user = await user_of(identity)

    async def ask(address: str) -> None:
        command = ChangeEmail(address, PASSWORD, "en", HOME)
        await change_email(user, command, identity.accounts)

    for address in ("known@example.com", "nobody@example.com"):
        await ask("own@example.com")
        await send_letters(identity, database)
        own = identity.mailbox.token()
        await ask(address)
        with pytest.raises(rejections.LinkRefused):
            await confirm_email(user, own, identity.accounts)
        identity.now += dt.timedelta(hours=1)
    assert len(rows(database, "SELECT FROM ledger.outbox")) == before + 3
    assert "known@example.com" not in [each.to for each in identity.mailbox.letters]
    # It counts as every link does.
    await ask("known@example.com")
    await ask("known@example.com")
    await ask("known@example.com")
    await ask("third@example.com")
    await send_letters(identity, database)
    assert "third@example.com" not in [each.to for each in identity.mailbox.letters]


async def test_a_stolen_session_guesses_no_password_by_asking_for_the_erasure(
    identity: Identity, database: TestDatabase
) -> None:
    """Wrong ones count as at the sign-in: after five not even the right one is taken there."""
    user = await user_of(identity)
    nothing: Any = None
    erasing = partial(request_own_erasure, nothing, identity.accounts, user.user, address=HOME)
    for _ in range(5):
        with pytest.raises(rejections.PasswordRefused):
            await erasing(password=OTHER)
    with pytest.raises(rejections.PasswordRefused):
        await erasing(password=PASSWORD)
    known = [row[0] for row in rows(database, "SELECT happened FROM identity.auth_event")]
    assert (known.count("password_refused"), known.count("locked")) == (5, 1)
    assert rows(database, "SELECT FROM privacy.erasure") == []


async def test_a_stolen_session_guesses_no_code_of_an_app_that_is_not_confirmed_yet(
    identity: Identity,
) -> None:
    user = await user_of(identity)
    made = await begin_enrolment(user, PASSWORD, identity.accounts, address=HOME)
    app = App(made.secret)
    wrong = next(
        code
        for code in ("000000", "111111", "222222", "333333")
        if code not in [app.code(identity.now + n * STEP) for n in (-1, 0, 1)]
    )
    right = app.code(identity.now)
    for code in (*[wrong] * 5, right):
        with pytest.raises(rejections.CodeRefused):
            await confirm_enrolment(user, code, identity.accounts, address=HOME)


async def test_codes_are_not_renewed_for_a_factor_that_is_removed_meanwhile(
    identity: Identity, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await user_of(identity)
    app = await enrol(identity, user)
    identity.now += 2 * STEP
    make = identity.accounts.codes.new_recovery_codes

    def removed_first() -> Sequence[str]:
        with psycopg.connect(database.owner_dsn) as connection:
            connection.execute("DELETE FROM identity.second_factor")
        return make()

    monkeypatch.setattr(AuthenticatorCodes, "new_recovery_codes", lambda _: removed_first())
    with pytest.raises(rejections.CodeRefused):
        await renew_recovery_codes(user, app.code(identity.now), identity.accounts, address=HOME)
    assert rows(database, "SELECT FROM identity.recovery_code") == []


async def test_a_refused_sign_in_takes_as_long_for_a_known_address(identity: Identity) -> None:
    """The statements for a known user take longer: some ten tries would tell."""
    ports = msgspec.structs.replace(identity.login, refusal_seconds=0.6)
    durations = []
    for email, password in (
        (EMAIL, OTHER),
        ("nobody@example.com", PASSWORD),
        *[(EMAIL, OTHER)] * 4,
        (EMAIL, PASSWORD),
    ):
        began = time.monotonic()
        with pytest.raises(rejections.CredentialsRefused):
            await log_in(LogIn(email, password, Device("mobile", HOME)), ports)
        durations.append(time.monotonic() - began)
    assert min(durations) >= 0.6
    assert msgspec.structs.fields(LoginPorts)[-1].default == REFUSAL_SECONDS > 0.2


async def test_who_has_the_password_guesses_ten_codes_a_day_from_however_many_places(
    identity: Identity, database: TestDatabase
) -> None:
    user = await user_of(identity)
    app = await enrol(identity, user)
    recovery = await renewed_codes(identity, user, app)

    async def tries(code: str, address: str) -> None:
        where = Device("mobile", address)
        asked = await log_in(LogIn(EMAIL, PASSWORD, where), identity.login)
        assert isinstance(asked, SecondFactorAsked)
        command = CompleteSignIn(asked.challenge, code, address)
        await complete_sign_in(command, identity.accounts)

    for number in range(10):
        identity.now += dt.timedelta(hours=1)
        with pytest.raises(rejections.CredentialsRefused):
            await tries("AAAAA-AAAAA", f"203.0.113.{number}")
    identity.now += dt.timedelta(hours=1)
    for code in (recovery, app.code(identity.now)):
        with pytest.raises(rejections.CredentialsRefused):
            await tries(code, "203.0.113.99")
    # A place at which the owner has signed in is not locked, and no code was used up.
    await tries(recovery, HOME)
    await tries(app.code(identity.now), HOME)
    identity.now += dt.timedelta(hours=24)
    await tries(app.code(identity.now), "203.0.113.98")
    used = "SELECT count(*) FROM identity.recovery_code WHERE used_at IS NOT NULL"
    assert rows(database, used) == [(1,)]


async def renewed_codes(identity: Identity, user: Principal, app: App) -> str:
    """A recovery code of the user."""
    identity.now += 2 * STEP
    codes = await renew_recovery_codes(
        user, app.code(identity.now), identity.accounts, address=HOME
    )
    return codes[0]


@pytest.mark.parametrize(
    ("chosen", "entered"),
    [
        ("caf\u00e9 au d\u00e9sert", "cafe\u0301 au de\u0301sert"),
        ("\u0622\u0644\u0625\u0628\u0644", "\u0627\u0653\u0644\u0627\u0655\u0628\u0644"),
        ("seven dunes at dawn", "seven\u00a0dunes at\u2003dawn"),
    ],
)
async def test_a_password_is_one_whatever_keyboard_composes_it(
    identity: Identity, chosen: str, entered: str
) -> None:
    stored = await identity.hasher.hash(chosen)
    assert await identity.hasher.verify(entered, stored)
    assert await identity.hasher.verify(chosen, await identity.hasher.hash(entered))
    assert not await identity.hasher.verify(chosen + ".", stored)
