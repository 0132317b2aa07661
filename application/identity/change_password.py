"""Change the password of the signed-in user; all other sessions end."""

import msgspec

from application.identity.account_ports import AccountPorts
from application.identity.confirm_password import confirm_password
from application.identity.ports import Principal
from domain.identity import passwords, rejections


class ChangePassword(msgspec.Struct, frozen=True):
    """The passwords, and the client's address."""

    current_password: str
    new_password: str
    address: str


async def change_password(caller: Principal, command: ChangePassword, outside: AccountPorts) -> int:
    """Set the password; returns how many other sessions ended.

    Raises PasswordRefused for a wrong current password, InvalidPassword and Unavailable.
    """
    user = await confirm_password(
        caller.user,
        command.current_password,
        outside,
        address=command.address,
        field="currentPassword",
    )
    (address,) = await outside.vault.open_all([user.email])
    passwords.require_valid_password(
        command.new_password,
        email="" if address is None else address.decode(),
        is_common=outside.is_common,
        field="newPassword",
    )
    if command.new_password == command.current_password:
        raise rejections.InvalidPassword(field="newPassword", reason="unchanged")
    password_hash = await outside.hasher.hash(command.new_password)
    ended = await outside.passwords.change(
        user, password_hash, but=caller.session, at=outside.now()
    )
    if ended is None:
        # Another request has changed it meanwhile.
        raise rejections.PasswordRefused(field="currentPassword", reason="wrong")
    outside.sessions.ended.note(ended)
    return len(ended)
