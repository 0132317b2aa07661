"""Routes of identity: register, the signed-in user, public keys."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import JSONBody

from application.identity.register_user import RegisterUser
from domain.identity.roles import Role
from interfaces.http import auth, wire
from interfaces.http.answers import Answered
from interfaces.http.mailbox import required_mailbox
from interfaces.http.strict_request import StrictRequest

# Longer than the policy allows, so that the policy rejects it; a megabyte is never hashed.
PasswordText = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


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


class MeResponse(msgspec.Struct, rename="camel"):
    """The user of the token."""

    id: str
    role: Role


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
    """The user of the token."""
    return MeResponse(request.principal.user, request.principal.role)


@get("/.well-known/jwks.json", operation_id="readPublicKeys", **auth.open_to_all())
async def jwks(request: StrictRequest) -> Answered[PublicKeysResponse]:
    """The public keys that verify our access tokens, by the `kid` in their header."""
    keys = msgspec.convert(request.ports.verifier.public_keys(), PublicKeysResponse)
    return Answered(keys, headers={"cache-control": "public, max-age=300"})


ROUTES = (register, me, jwks)
