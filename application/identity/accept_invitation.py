"""Choose the password of an account for staff, by the mailed invitation."""

import msgspec

from application.identity.account_ports import AccountPorts
from domain.identity import passwords, rejections
from domain.identity.roles import Role


class AcceptInvitation(msgspec.Struct, frozen=True):
    """The token of the link, the password, and the id of the request in the audit."""

    token: str
    password: str
    correlation_id: str


async def accept_invitation(command: AcceptInvitation, outside: AccountPorts) -> Role:
    """Make the account, or give the one with this address the password and the role.

    Raises LinkRefused for a token that is unknown, used, void or too old, or of an admin who is
    none any more, alike; InvalidPassword, by which the link is not spent; Unavailable.
    """
    token_hash = outside.links.secrets.digest(command.token)
    now = outside.now()
    sealed = await outside.staff.invited(token_hash, at=now)
    if sealed is None:
        await outside.directory.record("link_refused", user_id=None, at=now)
        raise rejections.LinkRefused(field="token", reason="not_valid")
    (address,) = await outside.vault.open_all([sealed])
    passwords.require_valid_password(
        command.password,
        email="" if address is None else address.decode(),
        is_common=outside.is_common,
    )
    password_hash = await outside.hasher.hash(command.password)
    role = await outside.staff.accept(
        token_hash,
        outside.new_user_id(),
        password_hash,
        at=outside.now(),
        correlation_id=command.correlation_id,
    )
    if role is None:
        await outside.directory.record("link_refused", user_id=None, at=outside.now())
        raise rejections.LinkRefused(field="token", reason="not_valid")
    return role
