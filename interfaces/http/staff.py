"""Routes of staff: invite a colleague, accept an invitation, change a role."""

import datetime as dt

import msgspec
from litestar import post
from litestar.params import JSONBody

from application.identity.accept_invitation import AcceptInvitation, accept_invitation
from application.identity.change_role import ChangeRole, change_role
from application.identity.invite_staff import InviteStaff, invite_staff
from domain.identity import roles
from domain.identity.roles import Role
from interfaces.http import auth, wire
from interfaces.http.identity import PasswordText
from interfaces.http.mailbox import required_mailbox
from interfaces.http.passwords import TokenText
from interfaces.http.strict_request import StrictRequest


class InvitationRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The address of the colleague, and the role: any but customer."""

    email: wire.EmailText
    role: Role


class InvitationResponse(msgspec.Struct, rename="camel"):
    """The normalised address, the role, and until when the invitation can be accepted."""

    email: str
    role: Role
    expires_at: dt.datetime


class AcceptanceRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The token of the mailed invitation, and a password of 12 to 128 characters."""

    token: TokenText
    password: PasswordText


class AcceptanceResponse(msgspec.Struct, rename="camel"):
    """The role; `mfaRequired` is whether an authenticator app has to be enrolled first of all."""

    role: Role
    mfa_required: bool


class RoleRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The address of a user, and the role."""

    email: wire.EmailText
    role: Role


class RoleResponse(msgspec.Struct, rename="camel"):
    """The role that the user has now."""

    role: Role


@post(
    "/api/admin/invitations",
    by_language=True,
    operation_id="inviteStaff",
    status_code=202,
    **auth.signed_in("manage_users"),
)
async def invite(request: StrictRequest, data: JSONBody[InvitationRequest]) -> InvitationResponse:
    """Invite a colleague by a link that works once, for 3 days; a newer one makes it void."""
    address = required_mailbox(data.email, field="email")
    command = InviteStaff(address, data.role, request.language, request.principal.user)
    expires_at = await invite_staff(command, request.ports.accounts.inviting)
    return InvitationResponse(address, data.role, expires_at)


@post(
    "/api/auth/invitations/accept",
    operation_id="acceptInvitation",
    status_code=200,
    **auth.open_to_all("authentication"),
)
async def accept(request: StrictRequest, data: JSONBody[AcceptanceRequest]) -> AcceptanceResponse:
    """Choose the password of the account; then sign in.

    An account that has the address already gets the password and the role, and is signed out.
    """
    accounts = request.ports.accounts
    command = AcceptInvitation(data.token, data.password, request.correlation_id)
    role = await accept_invitation(command, accounts)
    required = accounts.second_factor_required and roles.needs_second_factor(role)
    return AcceptanceResponse(role, required)


@post(
    "/api/admin/users/role",
    operation_id="changeRole",
    status_code=200,
    **auth.signed_in("manage_users"),
)
async def give_role(request: StrictRequest, data: JSONBody[RoleRequest]) -> RoleResponse:
    """Give a user another role, at once: their sessions end. The own role stays."""
    address = required_mailbox(data.email, field="email")
    command = ChangeRole(address, data.role, request.correlation_id)
    await change_role(request.principal, command, request.ports.accounts)
    return RoleResponse(data.role)


ROUTES = (invite, accept, give_role)
