"""Change the role of a user, as the owner of the schema: the application may not.

A trigger ends the user's sessions with that, so that every process applies it at once.
"""

import psycopg

from domain.identity.roles import Role

UPDATE = "UPDATE identity.app_user SET role = %s WHERE email_index = %s"


def change_role(owner_dsn: str, email_index: bytes, role: Role) -> bool:
    """Give the user with this address the role; returns whether there is one. Raises psycopg.Error.

    The role that the user has already changes nothing.
    """
    with psycopg.connect(owner_dsn) as connection:
        return connection.execute(UPDATE, (role, email_index)).rowcount == 1
