"""Verify or change an address by a mailed link, on a page where nobody is signed in."""

import msgspec

from application.identity.account_ports import AccountPorts
from application.identity.confirm_password import confirm_password
from domain.identity import rejections
from domain.identity.links import LinkPurpose


class ConfirmEmail(msgspec.Struct, frozen=True):
    """The token of the link, the password of the account, and the client's address."""

    token: str
    password: str
    address: str


async def confirm_email_by_password(command: ConfirmEmail, outside: AccountPorts) -> LinkPurpose:
    """Use the link; returns what it was for. The password shows, as a session does, that the owner
    of the mailbox is the user: a link alone verifies no account that a stranger registered.

    Raises LinkRefused; PasswordRefused, by which the link is not spent; Unavailable.
    """
    token_hash = outside.links.secrets.digest(command.token)
    now = outside.now()
    user = await outside.emails.owner_of(token_hash, at=now)
    purpose = None
    if user is not None:
        await confirm_password(
            user, command.password, outside, address=command.address, field="password"
        )
        purpose = await outside.emails.confirm(user, token_hash, at=outside.now())
    if purpose is None:
        await outside.directory.record("link_refused", user_id=user, at=now)
        raise rejections.LinkRefused(field="token", reason="not_valid")
    return purpose
