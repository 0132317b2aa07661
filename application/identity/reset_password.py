"""Set another password by a mailed link; all sessions of the user end."""

import msgspec

from application.identity.account_ports import AccountPorts
from domain.identity import passwords, rejections


class ResetPassword(msgspec.Struct, frozen=True):
    """The token of the link, and the new password."""

    token: str
    new_password: str


async def reset_password(command: ResetPassword, outside: AccountPorts) -> int:
    """Set the password; returns how many sessions ended.

    Raises LinkRefused for a token that is unknown, used, void or too old, alike; InvalidPassword,
    by which the link is not spent; Unavailable. Of many uses at once one succeeds.
    """
    token_hash = outside.links.secrets.digest(command.token)
    now = outside.now()
    owner = await outside.passwords.owner_of(token_hash, at=now)
    if owner is None:
        await outside.directory.record("link_refused", user_id=None, at=now)
        raise rejections.LinkRefused(field="token", reason="not_valid")
    (address,) = await outside.vault.open_all([owner.email])
    passwords.require_valid_password(
        command.new_password,
        email="" if address is None else address.decode(),
        is_common=outside.is_common,
        field="newPassword",
    )
    password_hash = await outside.hasher.hash(command.new_password)
    ended = await outside.passwords.reset(token_hash, password_hash, at=outside.now())
    if ended is None:
        await outside.directory.record("link_refused", user_id=owner.id, at=outside.now())
        raise rejections.LinkRefused(field="token", reason="not_valid")
    outside.sessions.ended.note(ended)
    return len(ended)
