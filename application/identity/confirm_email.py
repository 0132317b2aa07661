"""Verify the address of the signed-in user, or change it, by a link that was mailed to it."""

from application.identity.account_ports import AccountPorts
from application.identity.ports import Principal
from domain.identity import rejections


async def confirm_email(caller: Principal, token: str, outside: AccountPorts) -> None:
    """Use the link; raises LinkRefused, also for the link of another user, and Unavailable.

    A link alone verifies nothing: the owner of the mailbox has not made an account that a stranger
    registered, and does not have its password.
    """
    now = outside.now()
    token_hash = outside.links.secrets.digest(token)
    if await outside.emails.confirm(caller.user, token_hash, at=now) is None:
        await outside.directory.record("link_refused", user_id=caller.user, at=now)
        raise rejections.LinkRefused(field="token", reason="not_valid")
