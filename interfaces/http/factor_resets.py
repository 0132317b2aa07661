"""Routes of lost second factors: staff ask, another admin approves, a customer confirms."""

import datetime as dt
from typing import Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.identity.approve_factor_reset import approve_factor_reset
from application.identity.cancel_factor_reset import cancel_factor_reset
from application.identity.confirm_factor_reset import confirm_factor_reset
from application.identity.list_factor_resets import list_factor_resets
from application.identity.request_factor_reset import RequestFactorReset, request_factor_reset
from domain.identity.roles import Role
from interfaces.http import auth, wire
from interfaces.http.mailbox import required_mailbox
from interfaces.http.passwords import TokenText
from interfaces.http.strict_request import StrictRequest

ResetPathName = Literal["at_once", "approval", "mailbox"]


class FactorResetRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The address of the user who has lost the app and the recovery codes."""

    email: wire.EmailText


class FactorResetResponse(msgspec.Struct, rename="camel"):
    """`path` is at_once where it is done; approval and mailbox wait until `expiresAt`."""

    id: str
    email: str
    path: ResetPathName
    expires_at: dt.datetime


class WaitingFactorResetResponse(msgspec.Struct, rename="camel"):
    """A reset that waits; `resetsAt` is null until the customer has confirmed by mail."""

    id: str
    email: str | None
    role: Role
    path: ResetPathName
    requested_by: str
    requested_at: dt.datetime
    expires_at: dt.datetime
    resets_at: dt.datetime | None


class WaitingFactorResetsResponse(msgspec.Struct, rename="camel"):
    """Those that wait, the oldest first, at most a hundred."""

    resets: list[WaitingFactorResetResponse]


class FactorResetClosedResponse(msgspec.Struct, rename="camel"):
    """How the reset ended."""

    outcome: Literal["done", "cancelled"]


class FactorResetConfirmation(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The token of the mailed link."""

    token: TokenText


class FactorResetConfirmedResponse(msgspec.Struct, rename="camel"):
    """When the second factor is removed, unless that is stopped."""

    resets_at: dt.datetime


@post(
    "/api/admin/second-factor-resets",
    operation_id="requestFactorReset",
    status_code=202,
    **auth.signed_in("reset_second_factor"),
)
async def ask(request: StrictRequest, data: JSONBody[FactorResetRequest]) -> FactorResetResponse:
    """Reset the second factor of a user who has lost it; their sessions end with it.

    Of agents, support, ops and gate at once; of finance, auditors and admins once another admin has
    approved it; of a customer 24 hours after the link was used that is mailed. Support may ask for
    customers only.
    """
    address = required_mailbox(data.email, field="email")
    command = RequestFactorReset(address, request.correlation_id)
    asked = await request_factor_reset(request.principal, command, request.ports.accounts)
    return FactorResetResponse(asked.id, address, asked.path, asked.expires_at)


@get(
    "/api/admin/second-factor-resets",
    operation_id="listFactorResets",
    **auth.signed_in("reset_second_factor"),
)
async def list_waiting(request: StrictRequest) -> WaitingFactorResetsResponse:
    """List the resets that wait for an approval, a confirmation, or the end of their day."""
    found = await list_factor_resets(request.ports.accounts)
    return WaitingFactorResetsResponse(
        [
            WaitingFactorResetResponse(
                each.id,
                each.email,
                each.role,
                each.path,
                each.requested_by,
                each.requested_at,
                each.expires_at,
                each.resets_at,
            )
            for each in found
        ]
    )


@post(
    "/api/admin/second-factor-resets/{reset_id:str}/approve",
    operation_id="approveFactorReset",
    status_code=200,
    **auth.signed_in("manage_users"),
)
async def approve(request: StrictRequest, reset_id: FromPath[str]) -> FactorResetClosedResponse:
    """Approve the reset of a colleague, as another admin than the one who asked."""
    await approve_factor_reset(
        request.principal,
        reset_id,
        request.ports.accounts,
        correlation_id=request.correlation_id,
    )
    return FactorResetClosedResponse("done")


@post(
    "/api/admin/second-factor-resets/{reset_id:str}/cancel",
    operation_id="cancelFactorReset",
    status_code=200,
    **auth.signed_in("reset_second_factor"),
)
async def cancel(request: StrictRequest, reset_id: FromPath[str]) -> FactorResetClosedResponse:
    """Cancel a reset that waits; the link that was mailed works no more."""
    await cancel_factor_reset(
        request.principal,
        reset_id,
        request.ports.accounts,
        correlation_id=request.correlation_id,
    )
    return FactorResetClosedResponse("cancelled")


@post(
    "/api/auth/totp/reset",
    operation_id="confirmFactorReset",
    status_code=200,
    **auth.open_to_all("authentication"),
)
async def confirm(
    request: StrictRequest, data: JSONBody[FactorResetConfirmation]
) -> FactorResetConfirmedResponse:
    """Confirm by the mailed link that the second factor is lost; it is removed 24 hours later.

    A letter says so, with a link that stops it; a sign-in with a code stops it, too.
    """
    resets_at = await confirm_factor_reset(data.token, request.ports.accounts)
    return FactorResetConfirmedResponse(resets_at)


ROUTES = (ask, list_waiting, approve, cancel, confirm)
