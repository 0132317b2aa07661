"""Staff are invited and roles are changed on a real database: who may, races, the last admin."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

import psycopg
import pytest

from application.identity.accept_invitation import AcceptInvitation, accept_invitation
from application.identity.change_role import ChangeRole, change_role
from application.identity.enrol_second_factor import begin_enrolment, confirm_enrolment
from application.identity.invite_staff import InviteStaff, invite_staff
from application.identity.ports import Principal
from application.mail import Language
from domain.identity import rejections
from domain.identity.roles import Role
from tests.integration.identity.test_passwords import (
    ask,
    facts,
    reset,
    rows,
    send_letters,
)
from tests.integration.identity.test_second_factors import App
from tests.support import identity as identities
from tests.support.identity import HOME, Identity
from tests.support.servers import TestDatabase

ADMIN, NEW = "admin@example.com", "noura@example.com"
PASSWORD, OTHER = "correct horse battery", "seven dunes at dawn"


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        await each.register(ADMIN, PASSWORD, "admin")
        yield each


async def holder(identity: Identity, email: str = ADMIN, password: str = PASSWORD) -> Principal:
    return identity.tokens.verify((await identity.log_in(email, password)).encode())


async def invite(
    identity: Identity,
    role: Role = "finance",
    *,
    email: str = NEW,
    language: Language = "en",
    by: str | None = None,
) -> None:
    command = InviteStaff(email, role, language, by or (await holder(identity)).user)
    until = await invite_staff(command, identity.accounts.inviting)
    assert until == identity.now + dt.timedelta(days=3)


async def invited(identity: Identity, database: TestDatabase, role: Role = "finance") -> str:
    """The token of a fresh invitation."""
    await invite(identity, role)
    await send_letters(identity, database)
    return identity.mailbox.token()


async def accept(identity: Identity, token: str, password: str = OTHER) -> Role:
    return await accept_invitation(AcceptInvitation(token, password, "cor"), identity.accounts)


async def refused(identity: Identity, token: str) -> None:
    with pytest.raises(rejections.LinkRefused) as error:
        await accept(identity, token)
    assert error.value.parameters == {"field": "token", "reason": "not_valid"}


def recorded(database: TestDatabase, happened: str) -> list[tuple[object, ...]]:
    return rows(
        database,
        f"SELECT reason, actor FROM identity.auth_event WHERE happened = '{happened}' ORDER BY id",
    )


def audited(database: TestDatabase) -> list[tuple[object, ...]]:
    return rows(
        database,
        "SELECT actor, change FROM audit.action WHERE action = 'user.role_changed' "
        "AND correlation_id = 'cor' ORDER BY id",
    )


async def test_an_invited_colleague_chooses_a_password_and_has_the_role(
    identity: Identity, database: TestDatabase
) -> None:
    token = await invited(identity, database)
    (letter,) = identity.mailbox.letters
    assert (letter.to, letter.subject) == (NEW, "Your account for staff of Rimal Air")
    assert f"https://airline.example/account/accept-invitation?token={token}" in letter.text
    assert await accept(identity, token) == "finance"
    colleague = await holder(identity, NEW, OTHER)
    assert colleague.role == "finance"
    admin = (await holder(identity)).user
    assert recorded(database, "invited") == [("finance", admin)]
    assert recorded(database, "invitation_accepted") == [("finance", admin)]
    assert audited(database) == [(f"admin:{admin}", {"role": "finance"})]
    await refused(identity, token)
    # The address is stored sealed only.
    for table in ("mailed_link", "auth_event", "app_user"):
        stored = str(rows(database, f"SELECT t::text FROM identity.{table} AS t"))
        assert NEW not in stored
        assert NEW.encode().hex() not in stored


async def test_the_letter_is_in_the_language_of_the_admin(
    identity: Identity, database: TestDatabase
) -> None:
    await invite(identity, language="ar")
    await send_letters(identity, database)
    assert identity.mailbox.letters[-1].subject == "حسابك كموظف لدى Rimal Air"


async def test_an_invitation_works_once_for_three_days_and_only_the_newest(
    identity: Identity, database: TestDatabase
) -> None:
    older = await invited(identity, database, "admin")
    newer = await invited(identity, database, "gate")
    await refused(identity, older)
    identity.now += dt.timedelta(days=3)
    await refused(identity, newer)
    identity.now -= dt.timedelta(seconds=1)
    with pytest.raises(rejections.InvalidPassword):
        await accept(identity, newer, "short")
    assert await accept(identity, newer) == "gate"


async def test_of_twenty_acceptances_at_once_one_makes_the_account(
    identity: Identity, database: TestDatabase
) -> None:
    token = await invited(identity, database)
    done = await asyncio.gather(
        *(accept(identity, token, f"one of many passwords {n}") for n in range(20)),
        return_exceptions=True,
    )
    (won,) = [index for index, each in enumerate(done) if each == "finance"]
    assert sum(isinstance(each, rejections.LinkRefused) for each in done) == 19
    await holder(identity, NEW, f"one of many passwords {won}")
    assert facts(database).count("invitation_accepted") == 1


async def test_an_account_that_has_the_address_is_taken_over_by_the_mailbox(
    identity: Identity, database: TestDatabase
) -> None:
    """A stranger has registered the address of the colleague before, and waits in it."""
    password = "password of a stranger"
    await identity.register(NEW, password)
    stranger = await identity.signed_in(NEW, password)
    caller = identity.tokens.verify(stranger.tokens.access_token.encode())
    made = await begin_enrolment(caller, password, identity.accounts, address=HOME)
    code = App(made.secret).code(identity.now)
    await confirm_enrolment(caller, code, identity.accounts, address=HOME)
    await ask(identity, NEW)
    assert await accept(identity, await invited(identity, database)) == "finance"
    with pytest.raises(rejections.CredentialsRefused):
        await identity.log_in(NEW, password)
    with pytest.raises(rejections.RefreshRefused):
        await identity.refresh(stranger.tokens.refresh_token)
    # Without a second step: the factor was the stranger's.
    assert (await holder(identity, NEW, OTHER)).role == "finance"
    admin = (await holder(identity)).user
    assert recorded(database, "role_changed") == [("finance", admin)]
    assert rows(database, "SELECT count(*) FROM identity.app_user") == [(2,)]


async def test_an_invitation_to_the_same_role_ends_what_the_old_password_has_opened(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register(NEW, PASSWORD, "agent")
    before = await identity.signed_in(NEW, PASSWORD)
    assert await accept(identity, await invited(identity, database, "agent")) == "agent"
    with pytest.raises(rejections.RefreshRefused):
        await identity.refresh(before.tokens.refresh_token)


async def test_the_invitation_of_an_admin_who_is_none_any_more_is_void(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register("other@example.com", PASSWORD, "admin")
    other = await holder(identity, "other@example.com")
    await invite(identity, "admin", by=other.user)
    await send_letters(identity, database)
    admin = await holder(identity)
    await change_role(admin, ChangeRole("other@example.com", "gate", "cor"), identity.accounts)
    await refused(identity, identity.mailbox.token())


async def test_nobody_is_invited_as_a_customer_or_too_often(identity: Identity) -> None:
    with pytest.raises(rejections.InvalidRole):
        await invite(identity, "customer")
    for _ in range(3):
        await invite(identity)
    with pytest.raises(rejections.InvitationNotSent):
        await invite(identity)
    identity.now += dt.timedelta(hours=1)
    await invite(identity)


async def test_the_token_of_an_invitation_resets_no_password_and_the_other_way_round(
    identity: Identity, database: TestDatabase
) -> None:

    token = await invited(identity, database)
    with pytest.raises(rejections.LinkRefused):
        await reset(identity, token)
    await ask(identity, ADMIN)
    await send_letters(identity, database)
    await refused(identity, identity.mailbox.token())


# --- roles -------------------------------------------------------------------------------------


async def give(identity: Identity, caller: Principal, email: str, role: Role) -> None:
    await change_role(caller, ChangeRole(email, role, "cor"), identity.accounts)


async def test_an_admin_changes_a_role_at_once_and_it_is_recorded_who_did_it(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register(NEW, PASSWORD, "support")
    tokens = (await identity.signed_in(NEW, PASSWORD)).tokens
    admin = await holder(identity)
    await give(identity, admin, NEW, "ops")
    with pytest.raises(rejections.RefreshRefused):
        await identity.refresh(tokens.refresh_token)
    assert (await holder(identity, NEW)).role == "ops"
    assert recorded(database, "role_changed") == [("ops", admin.user)]
    assert audited(database) == [(f"admin:{admin.user}", {"before": "support", "role": "ops"})]
    assert recorded(database, "session_ended") == [("rights_changed", None)]


async def test_what_an_admin_cannot_do_and_others_neither(
    identity: Identity, database: TestDatabase
) -> None:
    admin = await holder(identity)
    with pytest.raises(rejections.UserUnknown):
        await give(identity, admin, "nobody@example.com", "gate")
    with pytest.raises(rejections.RoleNotChanged) as own:
        await give(identity, admin, ADMIN, "gate")
    assert own.value.parameters == {"reason": "own_role"}
    await identity.register(NEW, PASSWORD)
    with pytest.raises(rejections.RoleNotChanged) as unverified:
        await give(identity, admin, NEW, "gate")
    assert unverified.value.parameters == {"reason": "unverified"}
    # With an access token of another role, or of an admin who is none any more.
    with pytest.raises(rejections.NotAllowed):
        await give(identity, await holder(identity, NEW), ADMIN, "gate")
    assert recorded(database, "role_refused")[:2] == [
        ("unknown_user", admin.user),
        ("own_role", admin.user),
    ]
    assert recorded(database, "role_changed") == []


async def test_two_admins_do_not_remove_each_other_at_the_same_time(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register("other@example.com", PASSWORD, "admin")
    one, two = await holder(identity), await holder(identity, "other@example.com")
    done = await asyncio.gather(
        give(identity, one, "other@example.com", "gate"),
        give(identity, two, ADMIN, "gate"),
        return_exceptions=True,
    )
    assert [type(each) for each in done if each is not None] == [rejections.NotAllowed]
    assert rows(database, "SELECT count(*) FROM identity.app_user WHERE role = 'admin'") == [(1,)]


async def test_an_admin_who_is_being_demoted_changes_no_role(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register("other@example.com", PASSWORD, "admin")
    await identity.register("third@example.com", PASSWORD, "admin")
    other = await holder(identity, "other@example.com")
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(
            "UPDATE identity.app_user SET role = 'gate' WHERE id = %s", (other.user,)
        )
        changing = asyncio.create_task(give(identity, other, "third@example.com", "gate"))
        await asyncio.sleep(0.2)
        assert not changing.done()
    with pytest.raises(rejections.NotAllowed):
        await changing


async def test_the_last_admin_stays_one(identity: Identity, database: TestDatabase) -> None:
    """Neither by the owner of the schema nor by an invitation to another role."""
    demote = "UPDATE identity.app_user SET role = 'gate' WHERE role = 'admin'"
    with (
        psycopg.connect(database.owner_dsn) as connection,
        pytest.raises(psycopg.DatabaseError, match="the last admin"),
    ):
        connection.execute(demote)
    await invite(identity, "gate", email=ADMIN)
    await send_letters(identity, database)
    await refused(identity, identity.mailbox.token())
    assert (await holder(identity)).role == "admin"
    await identity.register("closed@example.com", PASSWORD, "admin")
    closed = (await holder(identity, "closed@example.com")).user
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(
            "UPDATE identity.app_user SET password_hash = '' WHERE id = %s", (closed,)
        )
        with pytest.raises(psycopg.DatabaseError, match="the last admin"):
            connection.execute(f"{demote} AND id <> %s".encode(), (closed,))
    await identity.register("other@example.com", PASSWORD, "admin")
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(
            "UPDATE identity.app_user SET role = 'gate' WHERE id = %s",
            ((await holder(identity)).user,),
        )
    ((reason, actor),) = recorded(database, "role_changed")
    assert (reason, str(actor).startswith("database:")) == ("gate", True)


async def test_an_erased_admin_counts_for_nothing_and_the_last_active_one_stays(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register("other@example.com", PASSWORD, "admin")
    other = await holder(identity, "other@example.com")
    await invite(identity, "gate", by=other.user)
    await send_letters(identity, database)
    close = "UPDATE identity.app_user SET password_hash = '' WHERE id = %s"
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(close, (other.user,))
    await refused(identity, identity.mailbox.token())
    with pytest.raises(rejections.NotAllowed):
        await give(identity, other, ADMIN, "gate")
    last = (await holder(identity)).user
    for attack in (close, "UPDATE identity.app_user SET role = 'gate' WHERE id = %s"):
        with (
            psycopg.connect(database.owner_dsn) as connection,
            pytest.raises(psycopg.DatabaseError, match="the last admin"),
        ):
            connection.execute(attack.encode(), (last,))


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE identity.app_user SET role = 'admin'",
        "UPDATE identity.mailed_link SET role = 'admin'",
        "UPDATE identity.mailed_link SET invited_by = NULL",
        "UPDATE identity.mailed_link SET email_index = email_index",
        "SELECT identity.keep_last_admin()",
        "ALTER TABLE identity.app_user DISABLE TRIGGER keep_last_admin",
    ],
)
async def test_the_application_gives_no_rights(
    identity: Identity, database: TestDatabase, attack: str
) -> None:
    await invited(identity, database)
    with (
        psycopg.connect(database.app_dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(attack.encode())
