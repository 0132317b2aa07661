"""The page on which a signed-in user lets a client act for them, or does not (RFC 6749, 4.1.1).

No script, no frame, and a form that only this page of this session could have been: its token
covers the session and every member of the request. A request from another site comes without the
cookies, which are `SameSite=Strict`; a link of our own page brings them. Errors are shown until the
address is known to be the client's, and sent there after that.
"""

import hmac
import html
import urllib.parse
from collections.abc import Mapping

from litestar import Response, get, post

from application.identity.authorize_client import (
    give_consent,
    refuse_consent,
    requested_authorization,
    require_consenting,
)
from application.identity.client_ports import Authorization, ClientRefused
from application.identity.ports import Principal
from domain.identity.rejections import NotAllowed
from interfaces.http import auth, forms, pages
from interfaces.http.consent_words import WORDS, Words
from interfaces.http.oauth import FIELDS
from interfaces.http.problems import Problem
from interfaces.http.strict_request import StrictRequest

PATH = "/oauth/authorize"
# Members of the form that are not of the request.
TOKEN, DECISION = "consent_token", "decision"
_LOOK = pages.Look(
    "button{font:inherit;padding:.5rem 1.25rem;margin:.5rem;border:1px solid #1b1b1b;"
    "border-radius:.5rem;background:#fff}"
)


@get(PATH, include_in_schema=False)
async def ask(request: StrictRequest) -> Response[str]:
    """What a client asks for, with two buttons."""
    await auth.spend(request, "client", auth.address_of(request))
    asked = {
        name: value
        for name, value in request.query_params.items()
        if value and name not in (TOKEN, DECISION)
    }
    try:
        authorization = await requested_authorization(asked, request.ports.clients)
        user = await auth.browser_user(request)
        if user is None:
            return _sign_in_page(request, asked)
        require_consenting(user)
    except ClientRefused as refused:
        return _refused(request, refused)
    except NotAllowed:
        return _staff_page(request)
    return _consent_page(request, asked, authorization, user)


@post(PATH, include_in_schema=False, status_code=303)
async def decide(request: StrictRequest) -> Response[str]:
    """What the user decided: the browser goes on to the client."""
    await auth.spend(request, "client", auth.address_of(request))
    members = await forms.members_of(request)
    token, decision = members.pop(TOKEN, ""), members.pop(DECISION, "")
    user = await auth.browser_user(request)
    if user is None:
        raise Problem("UNAUTHORIZED")
    ports = request.ports.clients
    expected = ports.secrets.consent_token(user.session, members)
    if not hmac.compare_digest(token.encode(), expected.encode()):
        raise Problem("FORBIDDEN", details={"reason": "csrf_token"})
    try:
        authorization = await requested_authorization(members, ports)
        if decision == "allow":
            return _sent(await give_consent(authorization, user, ports))
        return _sent(refuse_consent(authorization, ports))
    except ClientRefused as refused:
        return _refused(request, refused)


def _refused(request: StrictRequest, refused: ClientRefused) -> Response[str]:
    if refused.redirect_to is not None:
        return _sent(refused.redirect_to)
    if b"text/html" not in (request.header(b"accept") or b""):
        field = FIELDS.get(refused.error, "")
        raise Problem("VALIDATION_ERROR", details={"field": field, "reason": refused.error})
    words = WORDS[request.language]
    sentence = words.refused.format(reason=refused.error)
    return _page(request, words.refused_heading, [pages.paragraph(sentence)], status=400)


def _sent(address: str) -> Response[str]:
    return Response("", status_code=303, media_type="text/plain", headers={"location": address})


def _sign_in_page(request: StrictRequest, asked: Mapping[str, str]) -> Response[str]:
    words = WORDS[request.language]
    address = html.escape(f"{PATH}?{urllib.parse.urlencode(asked)}", quote=True)
    sentence = words.sign_in.format(airline=request.ports.clients.airline_name)
    link = f'<p><a href="{address}">{html.escape(words.go_on)}</a></p>'
    return _page(request, words.sign_in_heading, [pages.paragraph(sentence), link])


def _staff_page(request: StrictRequest) -> Response[str]:
    if b"text/html" not in (request.header(b"accept") or b""):
        raise Problem("FORBIDDEN")
    words = WORDS[request.language]
    return _page(request, words.refused_heading, [pages.paragraph(words.staff)], status=403)


def _consent_page(
    request: StrictRequest, asked: Mapping[str, str], authorization: Authorization, user: Principal
) -> Response[str]:
    ports, words = request.ports.clients, WORDS[request.language]
    client = authorization.client.name
    target = urllib.parse.urlsplit(authorization.redirect_uri)
    hidden = {**asked, TOKEN: ports.secrets.consent_token(user.session, asked)}
    content = [
        pages.paragraph(words.wants.format(client=client)),
        _list(words, authorization),
        pages.paragraph(words.afterwards.format(host=target.netloc)),
        pages.paragraph(words.take_back.format(client=client)),
        f'<form method="post" action="{PATH}">',
        *(pages.hidden(name, value) for name, value in hidden.items()),
        _button("allow", words.allow),
        _button("deny", words.deny),
        "</form>",
    ]
    heading = words.heading.format(client=client, airline=ports.airline_name)
    # Browsers apply the policy of forms to where an answer sends them, too.
    return _page(request, heading, content, forms_to=f"'self' {target.scheme}://{target.netloc}")


def _list(words: Words, authorization: Authorization) -> str:
    items = "".join(f"<li>{html.escape(words.scopes[each])}</li>" for each in authorization.scopes)
    return f"<ul>{items}</ul>"


def _button(value: str, text: str) -> str:
    return f'<button name="{DECISION}" value="{value}">{html.escape(text)}</button>'


def _page(
    request: StrictRequest,
    heading: str,
    content: list[str],
    *,
    status: int = 200,
    forms_to: str = "'none'",
) -> Response[str]:
    return _LOOK.page(
        request.language,
        heading,
        content,
        status=status,
        forms_to=forms_to,
        headers={"vary": "Accept-Language, Cookie"},
    )


ROUTES = (ask, decide)
