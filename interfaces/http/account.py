"""Routes of the caller's account: its address, verified and changed, and how it is protected."""

import msgspec
from litestar import get, post
from litestar.params import JSONBody

from application.identity.change_email import ChangeEmail, change_email
from application.identity.confirm_email import confirm_email
from application.identity.read_account import read_account
from application.identity.request_verification import request_verification
from interfaces.http import auth, wire
from interfaces.http.identity import PasswordText
from interfaces.http.mailbox import required_mailbox
from interfaces.http.passwords import TokenText
from interfaces.http.strict_request import StrictRequest


class EmailChangeRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The new address, and the password."""

    new_email: wire.EmailText
    password: PasswordText


class EmailChangeResponse(msgspec.Struct, rename="camel"):
    """The normalised address; the same whether another account has it or not."""

    email: str


class EmailConfirmation(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The token of the mailed link."""

    token: TokenText


class VerificationResponse(msgspec.Struct, rename="camel"):
    """Whether the address was verified already: then nothing is mailed."""

    email_verified: bool


class OwnAccountResponse(msgspec.Struct, rename="camel"):
    """The caller's account. `mfaRequired` is whether the role has to have a second factor,
    `mfaEnabled` whether one is in force; `email` is null once erased."""

    email: str | None
    email_verified: bool
    mfa_enabled: bool
    mfa_required: bool
    recovery_codes_left: int


@get(
    "/api/auth/account",
    operation_id="readAccount",
    **auth.signed_in(None, before_second_factor=True),
)
async def account(request: StrictRequest) -> OwnAccountResponse:
    """How the caller's account is protected."""
    found = await read_account(request.principal, request.ports.accounts)
    return OwnAccountResponse(
        email=found.email,
        email_verified=found.is_verified,
        mfa_enabled=found.has_second_factor,
        mfa_required=found.needs_second_factor,
        recovery_codes_left=found.recovery_codes_left,
    )


@post(
    "/api/auth/email/verification",
    by_language=True,
    operation_id="requestVerification",
    status_code=202,
    **auth.signed_in(None, "authentication"),
)
async def ask_again(request: StrictRequest) -> VerificationResponse:
    """Have the link mailed again that verifies the address; the older one is void."""
    done = await request_verification(request.principal, request.language, request.ports.accounts)
    return VerificationResponse(done)


@post(
    "/api/auth/email",
    by_language=True,
    operation_id="changeEmail",
    status_code=202,
    **auth.signed_in(None, "authentication"),
)
async def change(request: StrictRequest, data: JSONBody[EmailChangeRequest]) -> EmailChangeResponse:
    """Have a link mailed to a new address; it counts once the link was used."""
    address = required_mailbox(data.new_email, field="newEmail")
    command = ChangeEmail(address, data.password, request.language, auth.address_of(request))
    await change_email(request.principal, command, request.ports.accounts)
    return EmailChangeResponse(address)


@post(
    "/api/auth/email/verify",
    operation_id="verifyEmail",
    status_code=200,
    **auth.signed_in(None, "authentication"),
)
async def verify(request: StrictRequest, data: JSONBody[EmailConfirmation]) -> VerificationResponse:
    """Verify the address, or change it, by a link that was mailed to it.

    The user is signed in: so nobody confirms the account that a stranger made under their address.
    """
    await confirm_email(request.principal, data.token, request.ports.accounts)
    return VerificationResponse(email_verified=True)


ROUTES = (account, ask_again, change, verify)
