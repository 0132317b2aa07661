"""Read how the caller's own account is protected."""

import msgspec

from application.identity.account_ports import AccountPorts
from application.identity.ports import Principal
from domain.identity import roles


class Account(msgspec.Struct, frozen=True):
    """The caller's address (None once erased) and whether it is verified; whether a second factor
    is in force, which the role may require, with how many recovery codes."""

    email: str | None
    is_verified: bool
    has_second_factor: bool
    needs_second_factor: bool
    recovery_codes_left: int


async def read_account(caller: Principal, outside: AccountPorts) -> Account:
    """Return the account; raises Unavailable."""
    user = await outside.directory.read(caller.user)
    (address,) = await outside.vault.open_all([user.email])
    left = await outside.factors.codes_left(user.id) if user.has_second_factor else 0
    return Account(
        email=None if address is None else address.decode(),
        is_verified=user.is_verified,
        has_second_factor=user.has_second_factor,
        needs_second_factor=outside.second_factor_required and roles.needs_second_factor(user.role),
        recovery_codes_left=left,
    )
