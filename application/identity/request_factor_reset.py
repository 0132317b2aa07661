"""Ask for the reset of a second factor that a user has lost, as an admin or as support (D10)."""

import datetime as dt

import msgspec

from application.identity.account_ports import AccountPorts
from application.identity.make_link import make_link
from application.identity.ports import Principal
from application.identity.recovery_ports import NewReset
from domain.identity import rejections
from domain.identity.second_factor import ResetPath

ID_BYTES = 12


class RequestFactorReset(msgspec.Struct, frozen=True):
    """The address of the user, and the id of the request in the audit."""

    email: str
    correlation_id: str


class RequestedReset(msgspec.Struct, frozen=True):
    """The reset; `at_once` is done, others wait until `expires_at` for an approval or the mail."""

    id: str
    path: ResetPath
    expires_at: dt.datetime


async def request_factor_reset(
    caller: Principal, command: RequestFactorReset, outside: AccountPorts
) -> RequestedReset:
    """Reset it at once, have an admin approve it, or have a customer confirm it by mail.

    An earlier request that waits is void. Raises UserUnknown, FactorNotReset for the caller's own
    factor and where there is none, NotAllowed for support and a user who is no customer,
    ResetNotMailed, Unavailable.
    """
    link = make_link("reset_second_factor", "en", outside.links)
    new = NewReset(
        id=f"sfr_{outside.links.random_bytes(ID_BYTES).hex()}",
        email_index=outside.email_lookup.of(command.email),
        requested_by=caller.user,
        requested_at=link.created_at,
        ends_at=link.expires_at,
        link=link,
        correlation_id=command.correlation_id,
    )
    outcome = await outside.resets.request(new)
    match outcome:
        case "at_once" | "approval" | "mailbox":
            return RequestedReset(new.id, outcome, new.ends_at)
        case "unknown_user":
            raise rejections.UserUnknown
        case "not_allowed":
            raise rejections.NotAllowed
        case "asked_too_often":
            raise rejections.ResetNotMailed(reason="asked_too_often")
        case "own_factor":
            raise rejections.FactorNotReset(reason="own_factor")
        case "no_second_factor":
            raise rejections.FactorNotReset(reason="no_second_factor")
