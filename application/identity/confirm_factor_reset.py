"""Confirm by a mailed link that the second factor is lost; it is removed 24 hours later."""

import datetime as dt

from application.identity.account_ports import AccountPorts
from domain.identity import rejections
from domain.identity.second_factor import RESET_WAIT


async def confirm_factor_reset(token: str, outside: AccountPorts) -> dt.datetime:
    """Begin the time of waiting; returns its end. A letter says how to stop it.

    Raises LinkRefused, also where staff have cancelled the reset; Unavailable.
    """
    now = outside.now()
    if not await outside.resets.confirm(outside.links.secrets.digest(token), at=now):
        await outside.directory.record("link_refused", user_id=None, at=now)
        raise rejections.LinkRefused(field="token", reason="not_valid")
    return now + RESET_WAIT
