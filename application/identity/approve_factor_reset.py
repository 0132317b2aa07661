"""Approve the reset of a colleague's second factor, as another admin than the one who asked."""

from application.identity.account_ports import AccountPorts
from application.identity.ports import Principal
from domain.identity import rejections


async def approve_factor_reset(
    caller: Principal, reset_id: str, outside: AccountPorts, *, correlation_id: str
) -> None:
    """Remove the factor; all sessions of the user end, who gets a letter.

    Raises ResetUnknown also where the admin who asked is none any more, ResetNotApproved for the
    caller's own request and factor, NotAllowed, Unavailable.
    """
    outcome = await outside.resets.approve(
        reset_id, by=caller.user, at=outside.now(), correlation_id=correlation_id
    )
    match outcome:
        case "done":
            return
        case "unknown":
            raise rejections.ResetUnknown
        case "not_allowed":
            raise rejections.NotAllowed
        case "own_request":
            raise rejections.ResetNotApproved(reason="own_request")
        case "own_factor":
            raise rejections.ResetNotApproved(reason="own_factor")
