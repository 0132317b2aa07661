"""`ais user`: accounts of staff and customers."""

import os
import sys

import psycopg
from cyclopts import App

from domain.identity.roles import Role
from infrastructure.identity import roles_of_users
from infrastructure.sealing import master_key
from infrastructure.sealing.blind_index import EmailIndex
from interfaces.cli import running

user = App(name="user", help="Change the role of a user.")


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
