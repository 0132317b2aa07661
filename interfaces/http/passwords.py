"""Routes of passwords: change it, and have a lost one reset by a mailed link."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody

from application.identity.change_password import ChangePassword, change_password
from application.identity.request_reset import RequestReset, request_reset
from application.identity.reset_password import ResetPassword, reset_password
from application.identity.secure_account import secure_account
from interfaces.http import auth, wire
from interfaces.http.identity import PasswordText
from interfaces.http.mailbox import required_mailbox
from interfaces.http.maintenance import SERVED
from interfaces.http.sign_in import SessionsEndedResponse
from interfaces.http.strict_request import StrictRequest

# Of 43 symbols; another text is refused like another token.
TokenText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class PasswordChangeRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The present password and another one, of 12 to 128 characters."""

    current_password: PasswordText
    new_password: PasswordText


class PasswordResetRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The address of the account."""

    email: wire.EmailText


class PasswordResetResponse(msgspec.Struct, rename="camel"):
    """The normalised address; the same whether an account has it or not."""

    email: str


class NewPasswordRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The token of the mailed link, and a password of 12 to 128 characters."""

    token: TokenText
    new_password: PasswordText


class SecureAccountRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The token of the link in a letter about the account."""

    token: TokenText


class AccountSecuredResponse(msgspec.Struct, rename="camel"):
    """How many sessions ended; `resetToken` sets a new password within 30 minutes, and is mailed
    besides. It is null where another account has the address by now, or three were made within an
    hour."""

    ended: int
    reset_token: str | None


@post(
    "/api/auth/password",
    operation_id="changePassword",
    status_code=200,
    **auth.signed_in(None, "authentication"),
)
async def change(
    request: StrictRequest, data: JSONBody[PasswordChangeRequest]
) -> SessionsEndedResponse:
    """Change the password; all other sessions of the caller end.

    Wrong present passwords count as at the sign-in.
    """
    command = ChangePassword(data.current_password, data.new_password, auth.address_of(request))
    return SessionsEndedResponse(
        await change_password(request.principal, command, request.ports.accounts)
    )


@post(
    "/api/auth/password-reset",
    by_language=True,
    operation_id="requestPasswordReset",
    status_code=202,
    **auth.open_to_all("authentication"),
)
async def request_link(
    request: StrictRequest, data: JSONBody[PasswordResetRequest]
) -> PasswordResetResponse:
    """Have a link mailed that works once, for 30 minutes; a newer one makes it void.

    The answer is the same for an address without an account. The letter is in the language of the
    request.
    """
    address = required_mailbox(data.email, field="email")
    command = RequestReset(address, request.language, auth.address_of(request))
    await request_reset(command, request.ports.accounts)
    return PasswordResetResponse(address)


@post(
    "/api/auth/secure-account",
    operation_id="secureAccount",
    status_code=200,
    **SERVED,
    **auth.open_to_all("authentication"),
)
async def secure(
    request: StrictRequest, data: JSONBody[SecureAccountRequest]
) -> AccountSecuredResponse:
    """Secure the account by the link of a letter about it: it was not the user.

    All sessions end, the password works no more, and a reset of the second factor or an erasure
    that waits is stopped. Where the address was changed since the letter, the account has the
    letter's again.
    """
    done = await secure_account(data.token, request.ports.accounts)
    return AccountSecuredResponse(done.ended, done.reset_token)


@post(
    "/api/auth/password-reset/confirm",
    operation_id="resetPassword",
    status_code=200,
    **auth.open_to_all("authentication"),
)
async def set_password(
    request: StrictRequest, data: JSONBody[NewPasswordRequest]
) -> SessionsEndedResponse:
    """Set the password by the mailed link; all sessions of the user end, and all locks."""
    command = ResetPassword(data.token, data.new_password)
    return SessionsEndedResponse(await reset_password(command, request.ports.accounts))


ROUTES = (change, request_link, set_password, secure)
