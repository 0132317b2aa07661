"""Routes of clients of third parties: tokens, introspection, revocation, and what we offer.

Errors are the flat object of every route, with the two members of RFC 6749 (5.2) beside it. Clients
call these routes by libraries of OAuth, which read the metadata, so they are not in our document.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec
from litestar import get, post

from application.identity.client_ports import ClientRefused, ClientRequest, Refusal
from application.identity.exchange_for_tokens import exchange_for_tokens
from application.identity.introspect_token import introspect_token
from application.identity.revoke_token import revoke_token
from domain.identity import scopes
from interfaces.http import auth, forms, problems
from interfaces.http.answers import Answered
from interfaces.http.maintenance import SERVED
from interfaces.http.problems import Problem, ProblemBody
from interfaces.http.strict_request import StrictRequest

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
METADATA_PATH = "/.well-known/oauth-authorization-server"
# The member of the form that an error is about, where it is about one.
FIELDS: Mapping[Refusal, str] = {
    "invalid_scope": "scope",
    "unsupported_grant_type": "grant_type",
    "unsupported_response_type": "response_type",
    "unsupported_token_type": "token",
}
Content = TypeVar("Content")


class TokenForm(msgspec.Struct):
    """What a client sends for tokens: `authorization_code`, `refresh_token` or
    `client_credentials`. A client with a secret sends it as HTTP Basic, or here."""

    grant_type: str
    code: str | None = None
    redirect_uri: str | None = None
    code_verifier: str | None = None
    refresh_token: str | None = None
    scope: str | None = None
    client_id: str | None = None
    client_secret: str | None = None


class TokenQuestionForm(msgspec.Struct):
    """A token that a client asks about, or gives back."""

    token: str
    token_type_hint: str | None = None
    client_id: str | None = None
    client_secret: str | None = None


class ClientTokensResponse(msgspec.Struct, omit_defaults=True):
    """Tokens of a client (RFC 6749, 5.1); a service gets no refresh token."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    refresh_token: str | None = None


class IntrospectionResponse(msgspec.Struct, omit_defaults=True):
    """Whether a token is valid, and what it gives (RFC 7662, 2.2); `exp` in Unix seconds."""

    active: bool
    scope: str | None = None
    client_id: str | None = None
    sub: str | None = None
    token_type: str | None = None
    exp: int | None = None
    iss: str | None = None


class RevokedResponse(msgspec.Struct):
    """Nothing: a token that is not the client's is answered alike."""


class ClientProblemBody(ProblemBody, frozen=True):
    """The flat object of every error, and what clients of OAuth read."""

    error: str = msgspec.field(name="error")
    error_description: str = msgspec.field(name="error_description")


@post(
    TOKEN_PATH,
    status_code=200,
    include_in_schema=False,
    **SERVED,
    **auth.open_to_all("client"),
)
async def token(request: StrictRequest) -> Answered[ClientTokensResponse]:
    """Exchange a code or a refresh token for tokens, or get a token as a service.

    A code is valid for 60 seconds and once, a refresh token once; a repeat ends the session.
    """

    async def exchanged(asked: ClientRequest) -> ClientTokensResponse:
        tokens = await exchange_for_tokens(asked, request.ports.clients)
        return ClientTokensResponse(
            access_token=tokens.access_token,
            token_type="Bearer",  # noqa: S106 - a name, not a secret
            expires_in=tokens.expires_in,
            scope=scopes.text_of(tokens.scopes),
            refresh_token=tokens.refresh_token,
        )

    return await _answered(request, TokenForm, exchanged)


@post(
    "/oauth/introspect",
    status_code=200,
    include_in_schema=False,
    **SERVED,
    **auth.open_to_all("client"),
)
async def introspect(request: StrictRequest) -> Answered[IntrospectionResponse]:
    """Ask whether a token is valid: a client's own, or any with the scope `tokens:introspect`."""

    async def introspected(asked: ClientRequest) -> IntrospectionResponse:
        found = await introspect_token(asked, request.ports.clients)
        if found is None:
            return IntrospectionResponse(active=False)
        return IntrospectionResponse(
            active=True,
            scope=None if found.scopes is None else scopes.text_of(found.scopes),
            client_id=found.client,
            sub=found.subject,
            token_type="refresh_token" if found.is_refresh_token else "Bearer",
            exp=found.expires_at,
            iss=request.ports.clients.issuer,
        )

    return await _answered(request, TokenQuestionForm, introspected)


@post(
    "/oauth/revoke",
    status_code=200,
    include_in_schema=False,
    **SERVED,
    **auth.open_to_all("client"),
)
async def revoke(request: StrictRequest) -> Answered[RevokedResponse]:
    """Give a token back: the session that it belongs to ends, with all its tokens."""

    async def revoked(asked: ClientRequest) -> RevokedResponse:
        await revoke_token(asked, request.ports.clients)
        return RevokedResponse()

    return await _answered(request, TokenQuestionForm, revoked)


@get(METADATA_PATH, include_in_schema=False, **auth.open_to_all())
async def metadata(request: StrictRequest) -> Answered[dict[str, Any]]:
    """What a client needs to know of this server (RFC 8414)."""
    found = dict(request.ports.clients.protocol.metadata())
    return Answered(found, headers={"cache-control": "public, max-age=300"})


async def _answered(
    request: StrictRequest,
    form: type[msgspec.Struct],
    use_case: Callable[[ClientRequest], Awaitable[Content]],
) -> Answered[Any]:
    try:
        members = await forms.members_of(request)
        forms.require_members(members, form)
        return Answered(await use_case(_asked(request, members)))
    except ClientRefused as refused:
        return await _refusal(request, refused)
    except Problem as problem:
        return _rendered(request, problem, "invalid_request", "the form is not as it must be")


def _asked(request: StrictRequest, members: dict[str, str]) -> ClientRequest:
    header = request.header(b"authorization")
    return ClientRequest(
        form=members,
        authorization=None if header is None else header.decode("latin-1"),
        address=auth.address_of(request),
    )


async def _refusal(request: StrictRequest, refused: ClientRefused) -> Answered[Any]:
    """Return the answer; a client that did not prove who it is counts as an anonymous one."""
    if refused.error != "invalid_client":
        field = FIELDS.get(refused.error, "")
        problem = Problem("VALIDATION_ERROR", details={"field": field, "reason": refused.error})
        return _rendered(request, problem, refused.error, refused.description)
    request.ports.security_record.note(
        "client_refused",
        user_id=None,
        route=f"{request.scope['method']} {request.scope['path_template']}",
        address=auth.address_of(request),
        correlation_id=request.correlation_id,
    )
    await auth.spend(request, "anonymous", auth.address_of(request))
    problem = Problem("UNAUTHORIZED", details={"reason": refused.error})
    problem.headers["www-authenticate"] = 'Basic realm="clients"'
    return _rendered(request, problem, refused.error, refused.description)


def _rendered(
    request: StrictRequest, problem: Problem, error: str, description: str
) -> Answered[Any]:
    body = problems.rendered(problem, request).content
    extended = ClientProblemBody(
        **msgspec.structs.asdict(body), error=error, error_description=description
    )
    return Answered(extended, status_code=problem.status, headers=problem.headers)


ROUTES = (token, introspect, revoke, metadata)
