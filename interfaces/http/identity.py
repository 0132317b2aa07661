"""Routes of identity: register, sign in, the signed-in user, public keys."""

from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import JSONBody

from application.identity.log_in import LogIn
from application.identity.register_user import RegisterUser
from domain.identity.roles import Role
from interfaces.http import auth, wire
from interfaces.http.answers import Answered
from interfaces.http.mailbox import mailbox, required_mailbox
from interfaces.http.strict_request import StrictRequest

# Known by it, a device is not locked out by strangers; it signs nobody in.
DEVICE_COOKIE = "ais_device"
_COOKIE_TERMS = "HttpOnly; SameSite=Strict; Path=/api/auth; Max-Age=31536000"
# Longer than the policy allows, so that the policy rejects it; a megabyte is never hashed.
PasswordText = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class RegistrationRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """An address and a password of 10 to 128 characters."""

    email: wire.EmailText
    password: PasswordText


class RegistrationResponse(msgspec.Struct, rename="camel"):
    """The normalised address; the same whether it was known before or not."""

    email: str


class LoginRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The address and the password of a user."""

    email: wire.EmailText
    password: PasswordText


class LoginResponse(msgspec.Struct, rename="camel"):
    """A bearer token and the seconds for which it is valid."""

    access_token: str
    expires_in: int


class MeResponse(msgspec.Struct, rename="camel"):
    """The user of the token."""

    id: str
    role: Role


@post("/api/auth/register", **auth.open_to_all("authentication"))
async def register(
    request: StrictRequest, data: JSONBody[RegistrationRequest]
) -> RegistrationResponse:
    """Register as a customer."""
    address = required_mailbox(data.email, field="email")
    await request.ports.register_user(RegisterUser(address, data.password, "customer"))
    return RegistrationResponse(address)


@post("/api/auth/mobile-login", status_code=200, **auth.open_to_all("authentication"))
async def mobile_login(
    request: StrictRequest, data: JSONBody[LoginRequest]
) -> Answered[LoginResponse]:
    """Sign in; a refusal never contains the reason.

    The cookie that the answer sets makes the device known: sent again at the next sign-in, other
    people's wrong passwords from the same network do not lock the user out.
    """
    address = mailbox(data.email) or data.email
    signed_in = await request.ports.log_in(
        LogIn(
            address,
            data.password,
            address=auth.address_of(request),
            device_token=request.cookies.get(DEVICE_COOKIE),
        )
    )
    token = signed_in.token
    cookie = f"{DEVICE_COOKIE}={signed_in.device_token}; {_COOKIE_TERMS}"
    if request.ports.secure_cookies:
        cookie += "; Secure"
    return Answered(
        LoginResponse(token.access_token, token.expires_in), headers={"set-cookie": cookie}
    )


@get("/api/auth/me", **auth.signed_in(None))
async def me(request: StrictRequest) -> MeResponse:
    """The user of the token."""
    return MeResponse(request.principal.user, request.principal.role)


@get("/.well-known/jwks.json", **auth.open_to_all())
async def jwks(request: StrictRequest) -> Answered[dict[str, Any]]:
    """The public keys that verify our access tokens."""
    keys = dict(request.ports.verifier.public_keys())
    return Answered(keys, headers={"cache-control": "public, max-age=300"})


ROUTES = (register, mobile_login, me, jwks)
