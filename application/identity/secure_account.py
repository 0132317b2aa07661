"""By the link of a letter about an account: that was not me.

The owner of the mailbox ends all sessions and the password, and chooses another one.
"""

import base64

import msgspec

from application.identity.account_ports import AccountPorts
from application.identity.make_link import make_link
from domain.identity import rejections

PASSWORD_BYTES = 48


class SecuredAccount(msgspec.Struct, frozen=True):
    """How many sessions ended; `reset_token` sets the new password within 30 minutes. It is None
    where another account has the address by now, or three were made within an hour."""

    ended: int
    reset_token: str | None


async def secure_account(token: str, outside: AccountPorts) -> SecuredAccount:
    """End all sessions and the password; the link that sets another one is mailed besides.

    Where the address was changed since the letter, the account has the letter's again. A change of
    the second factor and an erasure that wait are stopped. Raises LinkRefused and Unavailable.
    """
    token_hash = outside.links.secrets.digest(token)
    now = outside.now()
    secured = None
    if await outside.notices.owner_of(token_hash, at=now) is not None:
        # Nobody knows this one. It is hashed as all are, so that a sign-in takes as long.
        nobodys = base64.b64encode(outside.links.random_bytes(PASSWORD_BYTES)).decode()
        link = make_link("secure_account", "en", outside.links)
        secured = await outside.notices.secure(
            token_hash, await outside.hasher.hash(nobodys), link, at=outside.now()
        )
    if secured is None:
        await outside.directory.record("link_refused", user_id=None, at=now)
        raise rejections.LinkRefused(field="token", reason="not_valid")
    outside.sessions.ended.note(secured.ended)
    reset = outside.links.secrets.token(link.id, salt=link.salt) if secured.has_link else None
    return SecuredAccount(len(secured.ended), reset)
