"""Routes of identity: register, the signed-in user, public keys."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import JSONBody

from application.identity.read_standing import (
    AccountState,
    AccountStep,
    read_standing,
    state_of,
)
from application.identity.register_user import RegisterUser
from domain.identity.roles import Role
from interfaces.http import auth, wire
from interfaces.http.answers import Answered
from interfaces.http.mailbox import required_mailbox
from interfaces.http.strict_request import StrictRequest

# Longer than the policy allows, so that the policy rejects it; a megabyte is never hashed.
PasswordText = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


# The operation that does a step.
OPERATIONS: Mapping[AccountStep, str] = {
    "stop_erasure": "withdrawErasure",
    "enrol_second_factor": "beginEnrolment",
    "sign_in_again": "mobileLogin",
    "prove_second_factor": "completeSignIn",
    "change_password": "changePassword",
    "accept_invitation": "acceptInvitation",
    "verify_email": "requestVerification",
}


class RegistrationRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """An address and a password of 12 to 128 characters; of the terms and the privacy notice that
    the user accepted, the days on which they were published."""

    email: wire.EmailText
    password: PasswordText
    terms_version: dt.date | None = None
    privacy_notice_version: dt.date | None = None


class RegistrationResponse(msgspec.Struct, rename="camel"):
    """The normalised address; the same whether it was known before or not."""

    email: str


class NextStepResponse(msgspec.Struct, rename="camel"):
    """A state of the account, what the user does about it, by which operation of this API, and when
    the state ends by itself, if it does."""

    state: AccountState
    step: AccountStep
    operation_id: str
    until: dt.datetime | None


class MeResponse(msgspec.Struct, rename="camel"):
    """The user of the token. `state` is what to show first, that of the first of `nextSteps`."""

    id: str
    role: Role
    state: AccountState
    next_steps: list[NextStepResponse]


class PublicKeyResponse(msgspec.Struct):
    """A public key (RFC 7517, RFC 7518 6.2.1)."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class PublicKeysResponse(msgspec.Struct):
    """The keys in use: a new one is here before it signs, an old one as long as its tokens live."""

    keys: list[PublicKeyResponse]


@post("/api/auth/register", by_language=True, **auth.open_to_all("authentication"))
async def register(
    request: StrictRequest, data: JSONBody[RegistrationRequest]
) -> RegistrationResponse:
    """Register as a customer; a link that verifies the address is mailed."""
    address = required_mailbox(data.email, field="email")
    command = RegisterUser(
        address,
        data.password,
        "customer",
        request.language,
        terms_version=data.terms_version,
        privacy_notice_version=data.privacy_notice_version,
    )
    await request.ports.register_user(command)
    return RegistrationResponse(address)


@get(
    "/api/auth/me",
    operation_id="readMe",
    **auth.signed_in(None, before_second_factor=True, scope="profile:read"),
)
async def me(request: StrictRequest) -> MeResponse:
    """The user of the token, what their account waits for, and what they do next.

    A client of a third party gets `active` and no steps.
    """
    caller = request.principal
    steps = tuple(await read_standing(caller, request.ports.accounts))
    return MeResponse(
        caller.user,
        caller.role,
        state_of(steps),
        [
            NextStepResponse(each.state, each.step, OPERATIONS[each.step], each.until)
            for each in steps
        ],
    )


@get("/.well-known/jwks.json", operation_id="readPublicKeys", **auth.open_to_all())
async def jwks(request: StrictRequest) -> Answered[PublicKeysResponse]:
    """The public keys that verify our access tokens, by the `kid` in their header."""
    keys = msgspec.convert(request.ports.verifier.public_keys(), PublicKeysResponse)
    return Answered(keys, headers={"cache-control": "public, max-age=300"})


ROUTES = (register, me, jwks)
