"""Change the role of a user, as the owner of the schema: the application may not.

A trigger ends the user's sessions with that, so that every process applies it at once.
"""

import secrets

import psycopg

from domain.identity.roles import Role

# In one statement with its record for auditors; a role that the user has already changes nothing.
UPDATE = """
WITH found AS (
    SELECT id, role FROM identity.app_user WHERE email_index = %(email)s FOR UPDATE
), changed AS (
    UPDATE identity.app_user AS u SET role = %(role)s FROM found
    WHERE u.id = found.id AND found.role <> %(role)s
    RETURNING u.id
), recorded AS (
    INSERT INTO audit.action (at, actor, action, resource, change, correlation_id)
    SELECT clock_timestamp(), 'operator', 'user.role_changed', found.id,
           jsonb_build_object('before', found.role, 'role', %(role)s::text), %(correlation_id)s
    FROM found JOIN changed USING (id)
)
SELECT count(*) FROM found
"""


def change_role(owner_dsn: str, email_index: bytes, role: Role) -> bool:
    """Give the user with this address the role; returns whether there is one. Raises psycopg.Error.

    The role that the user has already changes nothing.
    """
    asked = {"email": email_index, "role": role, "correlation_id": secrets.token_hex(11)}
    with psycopg.connect(owner_dsn) as connection:
        ((found,),) = connection.execute(UPDATE, asked).fetchall()
    return bool(found)
