"""Give a user another role, as an admin; it applies at once, because all their sessions end."""

import msgspec

from application.identity.account_ports import AccountPorts
from application.identity.ports import Principal
from domain.identity import rejections
from domain.identity.roles import Role


class ChangeRole(msgspec.Struct, frozen=True):
    """The address of the user, the role, and the id of the request in the audit."""

    email: str
    role: Role
    correlation_id: str


async def change_role(caller: Principal, command: ChangeRole, outside: AccountPorts) -> None:
    """Change the role, recorded with who did it.

    Raises UserUnknown; RoleNotChanged for the caller's own role and for a user whose address is
    not verified: a stranger may have registered it; NotAllowed where the caller is no admin any
    more; Unavailable.
    """
    outcome = await outside.staff.change_role(
        caller.user,
        outside.email_lookup.of(command.email),
        command.role,
        at=outside.now(),
        correlation_id=command.correlation_id,
    )
    match outcome:
        case "done":
            return
        case "unknown_user":
            raise rejections.UserUnknown
        case "not_admin":
            raise rejections.NotAllowed
        case "own_role" | "unverified":
            raise rejections.RoleNotChanged(reason=outcome)
