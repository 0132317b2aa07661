"""Turn the second factor off, with the password and a code."""

import msgspec

from application.identity.account_ports import AccountPorts
from application.identity.confirm_code import confirm_code
from application.identity.confirm_password import confirm_password
from application.identity.ports import Principal
from domain.identity import rejections, roles


class RemoveSecondFactor(msgspec.Struct, frozen=True):
    """The password, a code of the app or a recovery code, and the client's address."""

    password: str
    code: str
    address: str


async def remove_second_factor(
    caller: Principal, command: RemoveSecondFactor, outside: AccountPorts
) -> int:
    """Remove the factor; returns how many other sessions ended.

    Raises PasswordRefused, CodeRefused and Unavailable; SecondFactorRequired where the role of the
    user must have one.
    """
    user = await confirm_password(
        caller.user, command.password, outside, address=command.address, field="password"
    )
    if outside.second_factor_required and roles.needs_second_factor(user.role):
        raise rejections.SecondFactorRequired(reason="second_factor_required")
    await confirm_code(user, command.code, outside, address=command.address)
    ended = await outside.factors.remove(user.id, but=caller.session, at=outside.now())
    outside.sessions.ended.note(ended)
    return len(ended)
