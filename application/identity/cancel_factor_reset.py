"""Cancel the reset of a second factor that waits, as an admin, or as support for a customer."""

from application.identity.account_ports import AccountPorts
from application.identity.ports import Principal
from domain.identity import rejections


async def cancel_factor_reset(
    caller: Principal, reset_id: str, outside: AccountPorts, *, correlation_id: str
) -> None:
    """Cancel it; raises ResetUnknown, also where the caller could not have asked; Unavailable."""
    if not await outside.resets.cancel(
        reset_id, by=caller.user, at=outside.now(), correlation_id=correlation_id
    ):
        raise rejections.ResetUnknown
