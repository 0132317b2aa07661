"""The pages that mailed links lead to: one button each, no script, nothing from elsewhere.

The token comes as a parameter, because browsers send what is behind `#` to no server. The page puts
it into its form; it sends no referrer and is stored nowhere, so that the token goes no further.
Programs that look at links change nothing: only the button does.
"""

import html
import re
from collections.abc import Awaitable, Callable, Mapping

from litestar import Response, get, post
from litestar.params import FromPath

from application.identity.accept_invitation import AcceptInvitation, accept_invitation
from application.identity.account_letters import Page
from application.identity.confirm_email_by_password import (
    ConfirmEmail,
    confirm_email_by_password,
)
from application.identity.confirm_factor_reset import confirm_factor_reset
from application.identity.reset_password import ResetPassword, reset_password
from application.identity.secure_account import secure_account
from application.ports import Unavailable
from application.privacy.stop_erasure import stop_erasure
from domain.identity import rejections
from domain.privacy.rejections import ErasureBegun
from interfaces.http import auth, forms, pages
from interfaces.http.account_page_words import WORDS, PageWords, Words
from interfaces.http.problems import Problem
from interfaces.http.strict_request import StrictRequest

PATH = "/account/{page:str}"
TOKEN, PASSWORD = "token", "password"
PASSWORD_LIMIT = 1024
_is_token = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch

_LOOK = pages.Look(
    "label{display:block;font-weight:600}"
    "input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;margin:.25rem 0 1rem;"
    "border:1px solid #767676;border-radius:.5rem}"
    "button,.app{font:inherit;display:inline-block;padding:.75rem 1.25rem;border:1px solid #0b5394;"
    "border-radius:.5rem;color:#fff;background:#0b5394;text-decoration:none}"
    ".app{color:#0b5394;background:#fff}.wrong{border-inline-start:.3rem solid #b3261e;"
    "padding-inline-start:.75rem}"
)


async def _reset(request: StrictRequest, token: str, password: str) -> None:
    await reset_password(ResetPassword(token, password), request.ports.accounts)


async def _verify(request: StrictRequest, token: str, password: str) -> None:
    command = ConfirmEmail(token, password, auth.address_of(request))
    await confirm_email_by_password(command, request.ports.accounts)


async def _accept(request: StrictRequest, token: str, password: str) -> None:
    command = AcceptInvitation(token, password, request.correlation_id)
    await accept_invitation(command, request.ports.accounts)


async def _confirm_reset(request: StrictRequest, token: str, _password: str) -> None:
    await confirm_factor_reset(token, request.ports.accounts)


async def _secure(request: StrictRequest, token: str, _password: str) -> str | None:
    return (await secure_account(token, request.ports.accounts)).reset_token


async def _keep(request: StrictRequest, token: str, _password: str) -> None:
    await stop_erasure(token, request.ports.accounts, request.ports.privacy)


# What the button does. A returned token goes into a form that sets a new password at once.
ACTIONS: Mapping[Page, Callable[[StrictRequest, str, str], Awaitable[str | None]]] = {
    "reset-password": _reset,
    "verify-email": _verify,
    "accept-invitation": _accept,
    "reset-second-factor": _confirm_reset,
    "not-me": _secure,
    "keep-account": _keep,
}
NEW_PASSWORD: frozenset[Page] = frozenset({"reset-password", "accept-invitation"})
PRESENT_PASSWORD: frozenset[Page] = frozenset({"verify-email"})


@get(PATH, include_in_schema=False)
async def show(request: StrictRequest, page: FromPath[str]) -> Response[str]:
    """What the link is for, with its button."""
    name = _known(page)
    words = WORDS[request.language]
    try:
        await auth.spend(request, "anonymous", auth.address_of(request))
    except Problem as problem:
        return _answer(request, words.pages[name].heading, [_busy(words)], problem=problem)
    token = request.query_params.get(TOKEN, "")
    if not _is_token(token):
        return _over(request)
    return _answer(
        request,
        words.pages[name].heading,
        [*_form(name, token, words, words.pages[name].text), *_app_link(request, name, token)],
    )


@post(PATH, include_in_schema=False, status_code=200)
async def do(request: StrictRequest, page: FromPath[str]) -> Response[str]:
    """What the button does, and what came of it."""
    name = _known(page)
    words = WORDS[request.language]
    own = words.pages[name]
    try:
        await auth.spend(request, "authentication", auth.address_of(request))
        members = await forms.members_of(request)
    except Problem as problem:
        return _answer(request, own.heading, [_busy(words)], problem=problem)
    token, password = members.get(TOKEN, ""), members.get(PASSWORD, "")[:PASSWORD_LIMIT]
    if not _is_token(token):
        return _over(request)
    try:
        following = await ACTIONS[name](request, token, password)
    except rejections.LinkRefused:
        return _over(request)
    except rejections.InvalidPassword:
        return _again(request, name, token, words.refused)
    except rejections.PasswordRefused:
        return _again(request, name, token, words.wrong)
    except ErasureBegun:
        return _answer(
            request, words.too_late_heading, [pages.paragraph(words.too_late)], status=409
        )
    except Unavailable:
        return _again(request, name, token, words.busy, status=503)
    content = [pages.paragraph(own.done)]
    if following is not None:
        content += _form("reset-password", following, words, None)
    return _answer(request, own.done_heading, content)


def _known(page: str) -> Page:
    for name in ACTIONS:
        if name == page:
            return name
    raise Problem("NOT_FOUND")


def _form(name: Page, token: str, words: Words, text: str | None) -> list[str]:
    own: PageWords = words.pages[name]
    content = [] if text is None else [pages.paragraph(text)]
    content += [
        f'<form method="post" action="/account/{name}">',
        pages.hidden(TOKEN, token),
    ]
    if name in NEW_PASSWORD:
        content += _password(words.chosen, "new-password", words.rule)
    elif name in PRESENT_PASSWORD:
        content += _password(words.present, "current-password", None)
    return [*content, f"<button>{html.escape(own.button)}</button>", "</form>"]


def _password(label: str, purpose: str, rule: str | None) -> list[str]:
    length = "" if rule is None else ' minlength="12" maxlength="128"'
    return [
        f'<label for="{PASSWORD}">{html.escape(label)}</label>',
        f'<input id="{PASSWORD}" name="{PASSWORD}" type="password" autocomplete="{purpose}" '
        f'dir="ltr" required{length}>',
        *([] if rule is None else [pages.paragraph(rule)]),
    ]


def _app_link(request: StrictRequest, name: Page, token: str) -> list[str]:
    """The link that opens the app, where the setting has one; the app has the same use of it."""
    if request.ports.app_url is None:
        return []
    address = request.ports.app_url.replace("{page}", name).replace("{token}", token)
    text = html.escape(WORDS[request.language].open_app)
    return [f'<p><a class="app" href="{html.escape(address, quote=True)}">{text}</a></p>']


def _again(
    request: StrictRequest, name: Page, token: str, wrong: str, *, status: int = 400
) -> Response[str]:
    """The form once more, with what was wrong: the link is not spent."""
    words = WORDS[request.language]
    content = [f'<p class="wrong" role="alert">{html.escape(wrong)}</p>']
    content += _form(name, token, words, words.pages[name].text)
    return _answer(request, words.pages[name].heading, content, status=status)


def _over(request: StrictRequest) -> Response[str]:
    words = WORDS[request.language]
    return _answer(request, words.over_heading, [pages.paragraph(words.over)], status=400)


def _busy(words: Words) -> str:
    return f'<p class="wrong" role="alert">{html.escape(words.busy)}</p>'


def _answer(
    request: StrictRequest,
    heading: str,
    content: list[str],
    *,
    status: int = 200,
    problem: Problem | None = None,
) -> Response[str]:
    if problem is not None:
        status = problem.status
    return _LOOK.page(
        request.language,
        heading,
        content,
        status=status,
        forms_to="'self'",
        headers=None if problem is None else problem.headers,
    )


ROUTES = (show, do)
