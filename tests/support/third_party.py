"""A third party over real HTTP: its registration, its user's browser, and what both send."""

import base64
import hashlib
import html.parser
import secrets
import urllib.parse
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

from tests.support import customers
from tests.support.customers import Customer
from tests.support.running_system import System

CALLBACK = "https://partner.example/callback"
PAGE = {"accept": "text/html"}


class Registered(msgspec.Struct, frozen=True):
    """A client as its registration was answered."""

    id: str
    secret: str | None
    callback: str = CALLBACK

    @property
    def basic(self) -> httpx.BasicAuth:
        """What proves the client."""
        assert self.secret is not None
        return httpx.BasicAuth(self.id, self.secret)


class Challenge(msgspec.Struct, frozen=True):
    """A verifier and what is shown of it beforehand (RFC 7636)."""

    verifier: str
    challenge: str


def fresh_challenge() -> Challenge:
    """A random one."""
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    return Challenge(verifier, base64.urlsafe_b64encode(digest).decode().rstrip("="))


async def register(admin: Customer, **changes: Any) -> Registered:
    """Register a client as the admin does."""
    body = {
        "name": "Trip <Planner> & Co",
        "kind": "web",
        "scopes": ["profile:read", "bookings:read"],
        "redirectUris": [CALLBACK],
        **changes,
    }
    made = await admin.call("POST", "/api/admin/clients", body)
    callback = next(iter(made["client"]["redirectUris"]), "")
    return Registered(made["client"]["id"], made["clientSecret"], callback)


def asked_by(
    client: Registered, challenge: Challenge, scope: str = "bookings:read", **changes: str
) -> dict[str, str]:
    """The members of a request for a user's consent."""
    return {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": client.callback,
        "scope": scope,
        "state": "state-of-the-client",
        "code_challenge": challenge.challenge,
        "code_challenge_method": "S256",
        **changes,
    }


class _Form(html.parser.HTMLParser):
    """The members of the one form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, str] = {}
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep hidden members."""
        self.tags.append(tag)
        found = dict(attrs)
        if tag == "input" and found.get("type") == "hidden":
            self.members[str(found["name"])] = found["value"] or ""


def form_of(page: str) -> dict[str, str]:
    """The hidden members of the form of a page; none where it has no form."""
    parser = _Form()
    parser.feed(page)
    assert "script" not in parser.tags
    return parser.members


@asynccontextmanager
async def browser_of(system: System, customer: Customer) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is signed in as the customer."""
    async with httpx.AsyncClient(verify=False, base_url=system.base_url, timeout=30) as browser:
        account = {"email": customer.email, "password": customers.PASSWORD}
        answer = await browser.post("/api/auth/login", json=account)
        assert answer.status_code == 200
        yield browser


async def decided(
    browser: httpx.AsyncClient, asked: Mapping[str, str], decision: str = "allow"
) -> httpx.Response:
    """Open the page and press a button."""
    page = await browser.get("/oauth/authorize", params=asked, headers=PAGE)
    assert page.status_code == 200, page.text
    members = form_of(page.text)
    return await browser.post("/oauth/authorize", data={**members, "decision": decision})


def sent_to(answer: httpx.Response) -> dict[str, str]:
    """What an answer takes to the client, through the browser."""
    assert answer.status_code == 303, answer.text
    address = urllib.parse.urlsplit(answer.headers["location"])
    return dict(urllib.parse.parse_qsl(address.query))


async def tokens_of(
    client: httpx.AsyncClient, registered: Registered, code: str, challenge: Challenge
) -> httpx.Response:
    """Exchange a code as the client's server does."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": registered.callback,
        "code_verifier": challenge.verifier,
    }
    return await client.post("/oauth/token", data=form, auth=registered.basic)
