"""`ais user`: accounts of staff and customers."""

import asyncio
import datetime as dt
import os
import sys

import psycopg
from cyclopts import App

from application.identity.invite_staff import InviteStaff, invite_staff
from application.mail import Language
from application.ports import Unavailable
from domain.identity.roles import Role
from domain.kernel.rejections import Rejection
from infrastructure.identity import factor_resets, roles_of_users
from infrastructure.sealing import master_key
from infrastructure.sealing.blind_index import EmailIndex
from interfaces.cli import running
from interfaces.identity_composition import open_inviting
from interfaces.settings import Settings

user = App(name="user", help="Invite staff, change the role of a user, reset a lost second factor.")


@user.command(name="invite")
def invite(email: str, role: Role, /, *, language: Language = "en") -> int:
    """Invite a colleague, such as the first admin, by a link that is mailed and works for 3 days.

    Runs as the application: AIS_DATABASE_URL. The worker sends the letter. Exit codes: 0 done,
    1 refused or the database does not answer, 2 a wrong call or setting.

    Parameters
    ----------
    email
        The address of the colleague.
    role
        Any but customer.
    language
        That of the letter.
    """
    settings = running.configured()
    command = InviteStaff(email, role, language, invited_by=None)
    try:
        until = asyncio.run(_invite(settings, command))
    except Rejection as refusal:
        print(f"ais user invite: {refusal.parameters['reason']}", file=sys.stderr)
        return 1
    except Unavailable as error:
        print(f"ais user invite: {error}", file=sys.stderr)
        return 1
    print(f"invited as {role}, until {until:%Y-%m-%d %H:%M} UTC")
    return 0


async def _invite(settings: Settings, command: InviteStaff) -> dt.datetime:
    async with open_inviting(settings) as outside:
        return await invite_staff(command, outside)


@user.command(name="role")
def role(email: str, role: Role, /) -> int:
    """Give a user another role; all their sessions end, so that it applies at once.

    Runs as the owner of the schema: AIS_ADMIN_DATABASE_URL, else AIS_DATABASE_URL. Exit codes:
    0 done, 1 no such user or the database refuses, 2 a wrong call or setting.

    Parameters
    ----------
    email
        The address with which the user signs in.
    role
        What the user becomes.
    """
    settings = running.configured()
    index = EmailIndex(master_key.parse(settings.master_key.reveal())).of(email)
    dsn = os.environ.get("AIS_ADMIN_DATABASE_URL") or settings.database_url
    try:
        found = roles_of_users.change_role(dsn, index, role)
    except psycopg.Error as error:
        print(f"ais user role: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if not found:
        print("ais user role: no user has this address", file=sys.stderr)
        return 1
    print(f"the user is {role} from now on, and signed out everywhere")
    return 0


@user.command(name="reset-second-factor")
def reset_second_factor(email: str, /) -> int:
    """Remove the second factor of a user who has lost it, where no other admin can: the only one.

    All their sessions end, and they get a letter. Runs as the owner of the schema:
    AIS_ADMIN_DATABASE_URL, else AIS_DATABASE_URL. Exit codes: 0 done, 1 no such user, no second
    factor, or the database refuses, 2 a wrong call or setting.

    Parameters
    ----------
    email
        The address with which the user signs in.
    """
    settings = running.configured()
    index = EmailIndex(master_key.parse(settings.master_key.reveal())).of(email)
    dsn = os.environ.get("AIS_ADMIN_DATABASE_URL") or settings.database_url
    try:
        found = factor_resets.remove_factor(dsn, index)
    except psycopg.Error as error:
        print(f"ais user reset-second-factor: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if not found:
        print(
            "ais user reset-second-factor: no user with a second factor has this address",
            file=sys.stderr,
        )
        return 1
    print("the second factor is removed, and the user signed out everywhere")
    return 0
