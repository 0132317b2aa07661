"""Routes of the second factor: sign-in in two steps, authenticator apps, recovery codes."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody

from application.identity.complete_sign_in import CompleteSignIn, complete_sign_in
from application.identity.enrol_second_factor import begin_enrolment, confirm_enrolment
from application.identity.remove_second_factor import RemoveSecondFactor, remove_second_factor
from application.identity.renew_recovery_codes import renew_recovery_codes
from interfaces.http import auth, sign_in
from interfaces.http.answers import Answered
from interfaces.http.identity import PasswordText
from interfaces.http.maintenance import SERVED
from interfaces.http.sign_in import BrowserResponse, SessionsEndedResponse, TokensResponse
from interfaces.http.strict_request import StrictRequest

# Six digits of an app.
AppCode = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$(?!\n)")]
# Or a recovery code, with or without its hyphen.
AnyCode = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{6}|[A-Za-z2-7]{5}-?[A-Za-z2-7]{5})$(?!\n)")]
Challenge = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}$(?!\n)")]


class SecondStepRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The challenge of the first step; the six digits that the app shows, or a recovery code."""

    challenge: Challenge
    code: AnyCode


class EnrolmentRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The password of the account."""

    password: PasswordText


class EnrolmentResponse(msgspec.Struct, rename="camel"):
    """The secret in base32, and as the address of a QR code; shown this once."""

    secret: str
    otpauth_uri: str


class EnrolmentConfirmation(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The six digits that the app shows."""

    code: AppCode


class RecoveryCodesRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The six digits that the app shows, or a recovery code."""

    code: AnyCode


class RecoveryCodesResponse(msgspec.Struct, rename="camel"):
    """Ten codes, each for one sign-in without the app; shown this once."""

    recovery_codes: list[str]


class RemovalRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The password; the six digits that the app shows, or a recovery code."""

    password: PasswordText
    code: AnyCode


@post(
    "/api/auth/mfa",
    operation_id="completeSignIn",
    status_code=200,
    **SERVED,
    **auth.open_to_all("authentication"),
)
async def second_step(
    request: StrictRequest, data: JSONBody[SecondStepRequest]
) -> Answered[TokensResponse | BrowserResponse]:
    """Complete a sign-in whose answer was `mfaRequired`; a refusal never contains the reason.

    Apps get tokens in the body and browsers in cookies, as the first step asked. A challenge lasts
    five minutes and takes five wrong codes; a code works once.
    """
    signed_in, kind = await complete_sign_in(
        CompleteSignIn(
            data.challenge,
            data.code,
            address=auth.address_of(request),
            user_agent=sign_in.user_agent_of(request),
            device_token=request.cookies.get(sign_in.DEVICE_COOKIE),
        ),
        request.ports.accounts,
    )
    return await sign_in.answered(request, signed_in, kind)


@post(
    "/api/auth/totp",
    operation_id="beginEnrolment",
    status_code=200,
    **auth.signed_in(None, "authentication", before_second_factor=True),
)
async def enrol(request: StrictRequest, data: JSONBody[EnrolmentRequest]) -> EnrolmentResponse:
    """Begin to enrol an authenticator app; it is in force once a code has confirmed it."""
    made = await begin_enrolment(
        request.principal,
        data.password,
        request.ports.accounts,
        address=auth.address_of(request),
    )
    return EnrolmentResponse(made.secret, made.uri)


@post(
    "/api/auth/totp/confirm",
    operation_id="confirmEnrolment",
    status_code=200,
    **auth.signed_in(None, "authentication", before_second_factor=True),
)
async def confirm(
    request: StrictRequest, data: JSONBody[EnrolmentConfirmation]
) -> RecoveryCodesResponse:
    """Put the app in force. Other sessions end; after the next refresh the caller's access token
    has all rights of the role."""
    codes = await confirm_enrolment(
        request.principal,
        data.code,
        request.ports.accounts,
        address=auth.address_of(request),
    )
    return RecoveryCodesResponse(list(codes))


@post(
    "/api/auth/totp/disable",
    operation_id="removeSecondFactor",
    status_code=200,
    **auth.signed_in(None, "authentication"),
)
async def remove(request: StrictRequest, data: JSONBody[RemovalRequest]) -> SessionsEndedResponse:
    """Turn the second factor off; other sessions end. Roles that need one cannot."""
    command = RemoveSecondFactor(data.password, data.code, auth.address_of(request))
    return SessionsEndedResponse(
        await remove_second_factor(request.principal, command, request.ports.accounts)
    )


@post(
    "/api/auth/totp/recovery-codes",
    operation_id="renewRecoveryCodes",
    status_code=200,
    **auth.signed_in(None, "authentication"),
)
async def renew(
    request: StrictRequest, data: JSONBody[RecoveryCodesRequest]
) -> RecoveryCodesResponse:
    """Have ten new recovery codes in place of all earlier ones."""
    codes = await renew_recovery_codes(
        request.principal, data.code, request.ports.accounts, address=auth.address_of(request)
    )
    return RecoveryCodesResponse(list(codes))


ROUTES = (second_step, enrol, confirm, remove, renew)
