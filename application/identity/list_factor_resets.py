"""List the resets of second factors that wait, for those who approve or cancel them."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from application.identity.account_ports import AccountPorts
from domain.identity.roles import Role
from domain.identity.second_factor import RESET_WAIT, ResetPath


class ListedReset(msgspec.Struct, frozen=True):
    """A reset that waits; `email` is None once erased, `resets_at` until the mail is confirmed."""

    id: str
    email: str | None
    role: Role
    path: ResetPath
    requested_by: str
    requested_at: dt.datetime
    expires_at: dt.datetime
    resets_at: dt.datetime | None


async def list_factor_resets(outside: AccountPorts) -> Sequence[ListedReset]:
    """Return those that wait, the oldest first, at most a hundred; raises Unavailable."""
    found = await outside.resets.waiting(at=outside.now())
    addresses = await outside.vault.open_all([each.email for each in found])
    return [
        ListedReset(
            id=each.id,
            email=None if address is None else address.decode(),
            role=each.role,
            path=each.path,
            requested_by=each.requested_by,
            requested_at=each.requested_at,
            expires_at=each.expires_at,
            resets_at=None if each.confirmed_at is None else each.confirmed_at + RESET_WAIT,
        )
        for each, address in zip(found, addresses, strict=True)
    ]
