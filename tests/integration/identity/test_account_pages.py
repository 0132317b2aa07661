"""The pages that mailed links lead to: every kind of letter, both languages, without a script."""

import datetime as dt
import html
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, get_args

import httpx
import psycopg
import pytest

from application.identity.account_letters import PAGES, Page
from application.identity.account_notices import NOTICE_KINDS, NoticeKind
from application.identity.change_email import ChangeEmail, change_email
from application.identity.invite_staff import InviteStaff, invite_staff
from application.identity.request_factor_reset import RequestFactorReset, request_factor_reset
from application.identity.request_reset import RequestReset, request_reset
from application.identity.secure_account import secure_account
from application.mail import Language, Letter
from application.privacy.ports import PrivacyPorts
from domain.identity.links import LinkPurpose
from infrastructure.privacy.accounts import PostgresAccounts
from infrastructure.privacy.erasures import PostgresErasures
from interfaces.http import account_pages
from interfaces.http.account_page_words import WORDS
from tests.integration.identity.test_account_notices import token_in
from tests.integration.identity.test_emails import holder
from tests.integration.identity.test_second_factors import App, begin_enrolment, confirm_enrolment
from tests.support import account_edge
from tests.support import identity as identities
from tests.support.account_notices import send_links, send_notices
from tests.support.identity import HOME, Identity
from tests.support.servers import TestDatabase

EMAIL, NEW, ADMIN = "layla@example.com", "layla.haddad@example.com", "admin@example.com"
PASSWORD, OTHER = "correct horse battery", "seven dunes at dawn"
LINK = re.compile(r"https://airline\.example(/account/([a-z-]+)\?token=([A-Za-z0-9_-]{43}))(?=\s)")


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        each.now = dt.datetime.now(dt.UTC)
        await each.register(EMAIL, PASSWORD)
        yield each


def client_of(identity: Identity, **more: Any) -> httpx.AsyncClient:
    absent: Any = None
    privacy = PrivacyPorts(
        bus=absent,
        vault=identity.vault,
        accounts=PostgresAccounts(identity.pool, identity.lookup),
        consents=absent,
        erasures=PostgresErasures(identity.pool),
        bodies=absent,
        retention=absent,
        mailbox=absent,
        bookings_of=absent,
        attached_to=absent,
        credits_of=absent,
        clock=lambda: identity.now,
        forget_keys=absent,
    )
    return account_edge.client_of(identity, privacy=privacy, **more)


async def registered(_identity: Identity, _database: TestDatabase, _language: Language) -> None:
    """The registration has mailed it."""


async def reset(identity: Identity, _database: TestDatabase, language: Language) -> None:
    await request_reset(RequestReset(EMAIL, language, HOME), identity.accounts)


async def address(identity: Identity, _database: TestDatabase, language: Language) -> None:
    command = ChangeEmail(NEW, PASSWORD, language, HOME)
    await change_email(await holder(identity), command, identity.accounts)


async def invitation(identity: Identity, _database: TestDatabase, language: Language) -> None:
    command = InviteStaff(NEW, "gate", language, None)
    await invite_staff(command, identity.accounts.inviting)


async def not_me(identity: Identity, database: TestDatabase, _language: Language) -> None:
    add_notice(database, "new_device")
    await send_notices(identity, database)
    await secure_account(token_in(identity.mailbox.letters[-1]), identity.accounts)


async def lost(identity: Identity, _database: TestDatabase, _language: Language) -> None:
    caller = await holder(identity)
    made = await begin_enrolment(caller, PASSWORD, identity.accounts, address=HOME)
    code = App(made.secret).code(identity.now)
    await confirm_enrolment(caller, code, identity.accounts, address=HOME)
    await identity.register(ADMIN, PASSWORD, "admin")
    admin = await holder(identity, ADMIN)
    await request_factor_reset(admin, RequestFactorReset(EMAIL, "cor"), identity.accounts)


# What has a letter of each purpose mailed.
MAILED: Mapping[LinkPurpose, Callable[[Identity, TestDatabase, Language], Awaitable[None]]] = {
    "verify_email": registered,
    "reset_password": reset,
    "change_email": address,
    "invitation": invitation,
    "secure_account": not_me,
    "reset_second_factor": lost,
}


def add_notice(database: TestDatabase, kind: NoticeKind) -> None:
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute(
            "SELECT identity.add_notice(id, %s, NULL, NULL, now()) FROM identity.app_user "
            "ORDER BY created_at LIMIT 1",
            (kind,),
        )


def speak(database: TestDatabase, language: Language) -> None:
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute("UPDATE identity.app_user SET language = %s", (language,))


def links_in(letter: Letter) -> list[tuple[str, str, str]]:
    """Address on our site, page and token of each link, and no other link."""
    found = LINK.findall(letter.text)
    assert letter.text.count("://") == len(found)
    return found


async def walk(
    client: httpx.AsyncClient, path: str, page: str, token: str, language: Language
) -> None:
    """Open the page as a browser without scripts does, and press its button."""
    browser = {"accept": "text/html", "accept-language": language}
    shown = await client.get(path, headers=browser)
    name: Page = page  # type: ignore[assignment]  # one of the table, or a KeyError
    words = WORDS[language].pages[name]
    require_page(shown, language, words.heading)
    assert shown.status_code == 200
    (action,) = re.findall(r'<form method="post" action="([^"]+)">', shown.text)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', shown.text))
    assert fields == {"token": token}
    if 'type="password"' in shown.text:
        fields["password"] = PASSWORD if "current-password" in shown.text else OTHER
    done = await client.post(action, data=fields, headers=browser)
    require_page(done, language, words.done_heading)
    assert done.status_code == 200, done.text


def require_page(answer: httpx.Response, language: Language, heading: str) -> None:
    assert answer.headers["content-type"].startswith("text/html")
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in answer.text
    assert f"<h1>{html.escape(heading)}</h1>" in answer.text
    assert answer.headers["content-language"] == language
    # Nothing runs, nothing is fetched, nothing is stored, nothing says where the browser came from.
    assert "<script" not in answer.text
    assert "://" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'" in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("purpose", get_args(LinkPurpose))
async def test_every_letter_with_a_link_leads_to_a_page_that_works(
    identity: Identity, database: TestDatabase, purpose: LinkPurpose, language: Language
) -> None:
    speak(database, language)
    await MAILED[purpose](identity, database, language)
    purposes = await send_links(identity, database)
    letters = identity.mailbox.letters[-len(purposes) :]
    ((path, page, token),) = links_in(letters[purposes.index(purpose)])
    assert page == PAGES[purpose]
    async with client_of(identity) as client:
        await walk(client, path, page, token, language)
        again = await client.post(f"/account/{page}", data={"token": token, "password": OTHER})
        require_page(again, "en", WORDS["en"].over_heading)
        assert again.status_code == 400


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("kind", NOTICE_KINDS)
async def test_every_letter_about_an_account_leads_to_pages_that_work(
    identity: Identity, database: TestDatabase, kind: NoticeKind, language: Language
) -> None:
    speak(database, language)
    add_notice(database, kind)
    await send_notices(identity, database)
    links = links_in(identity.mailbox.letters[-1])
    pages = ["keep-account", "not-me"] if kind == "erasure_requested" else ["not-me"]
    assert [page for _, page, _ in links] == pages
    async with client_of(identity) as client:
        for path, page, token in links:
            await walk(client, path, page, token, language)


async def test_the_button_of_the_page_sets_a_new_password_at_once(
    identity: Identity, database: TestDatabase
) -> None:
    add_notice(database, "new_device")
    await send_notices(identity, database)
    token = token_in(identity.mailbox.letters[-1])
    async with client_of(identity) as client:
        secured = await client.post("/account/not-me", data={"token": token})
        (action,) = re.findall(r'action="([^"]+)"', secured.text)
        (following,) = re.findall(r'name="token" value="([^"]+)"', secured.text)
        body = {"token": following, "password": OTHER}
        assert (await client.post(action, data=body)).status_code == 200
    await identity.log_in(EMAIL, OTHER)


async def test_an_erasure_is_stopped_by_its_letter_which_can_still_secure_the_account(
    identity: Identity, database: TestDatabase
) -> None:
    erasures = PostgresErasures(identity.pool)
    with psycopg.connect(database.owner_dsn) as owner:
        # As the product names its users; those of the tests have another prefix.
        owner.execute("ALTER TABLE privacy.erasure DROP CONSTRAINT erasure_person_check")
    caller = await holder(identity)
    await erasures.request(caller.user, reason="request", by=caller.user)
    assert await send_notices(identity, database) == ["erasure_requested"]
    links = {page: token for _, page, token in links_in(identity.mailbox.letters[-1])}
    async with client_of(identity) as client:
        for _ in range(2):
            kept = await client.post("/account/keep-account", data={"token": links["keep-account"]})
            assert kept.status_code == 200
            assert await erasures.of(caller.user) is None
        await erasures.request(caller.user, reason="request", by=caller.user)
        await client.post("/account/not-me", data={"token": links["not-me"]})
        assert await erasures.of(caller.user) is None


async def test_a_link_of_another_kind_stops_no_erasure(
    identity: Identity, database: TestDatabase
) -> None:
    add_notice(database, "new_device")
    await send_notices(identity, database)
    async with client_of(identity) as client:
        data = {"token": token_in(identity.mailbox.letters[-1])}
        assert (await client.post("/account/keep-account", data=data)).status_code == 400


@pytest.mark.parametrize(
    ("password", "sentence"), [("x" * 12, "refused"), ("short", "refused"), ("", "refused")]
)
async def test_a_refused_password_spends_no_link_and_the_form_is_shown_again(
    identity: Identity, database: TestDatabase, password: str, sentence: str
) -> None:
    await reset(identity, database, "en")
    await send_links(identity, database)
    token = identity.mailbox.token()
    async with client_of(identity) as client:
        body = {"token": token, "password": password}
        refused = await client.post("/account/reset-password", data=body)
        assert refused.status_code == 400
        assert html.escape(getattr(WORDS["en"], sentence)) in refused.text
        body["password"] = OTHER
        assert (await client.post("/account/reset-password", data=body)).status_code == 200


async def test_only_who_has_the_password_verifies_the_address_on_the_page(
    identity: Identity, database: TestDatabase
) -> None:
    await send_links(identity, database)
    body = {"token": identity.mailbox.token(), "password": OTHER}
    async with client_of(identity) as client:
        wrong = await client.post("/account/verify-email", data=body)
        assert (wrong.status_code, html.escape(WORDS["en"].wrong) in wrong.text) == (400, True)
        for _ in range(5):
            await client.post("/account/verify-email", data=body)
        # Wrong ones count as at the sign-in: the right one is refused now, too.
        body["password"] = PASSWORD
        assert (await client.post("/account/verify-email", data=body)).status_code == 400
        identity.now += dt.timedelta(minutes=31)
        assert (await client.post("/account/verify-email", data=body)).status_code == 200


async def test_a_link_that_is_none_is_answered_as_one_that_is_over(identity: Identity) -> None:
    async with client_of(identity) as client:
        for token in ("", "short", "é" * 43, "x" * 44, '"><script>alert(1)</script>'):
            for answer in (
                await client.get("/account/not-me", params={"token": token}),
                await client.post("/account/not-me", data={"token": token}),
            ):
                assert answer.status_code == 400
                require_page(answer, "en", WORDS["en"].over_heading)
        assert (await client.get("/account/elsewhere?token=" + "x" * 43)).status_code == 404


async def test_a_program_that_looks_at_links_changes_nothing(
    identity: Identity, database: TestDatabase
) -> None:
    add_notice(database, "new_device")
    await send_notices(identity, database)
    ((path, page, token),) = links_in(identity.mailbox.letters[-1])
    async with client_of(identity) as client:
        for _ in range(3):
            assert (await client.get(path)).status_code == 200
            assert (await client.head(path)).status_code == 200
        await identity.log_in(EMAIL, PASSWORD)
        await walk(client, path, page, token, "en")


async def test_no_log_has_a_token(
    identity: Identity, database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    add_notice(database, "new_device")
    await send_notices(identity, database)
    ((path, page, token),) = links_in(identity.mailbox.letters[-1])
    with caplog.at_level(logging.DEBUG):
        async with client_of(identity) as client:
            await client.get(path)
            await client.post(f"/account/{page}", data={"token": token})
            await client.post(f"/account/{page}", data={"token": token})
    # The client of the test logs what it asks; the product's own loggers do not.
    assert not [
        each for each in caplog.records if token in str(each.__dict__) and each.name != "httpx"
    ]


async def test_a_page_opens_the_app_where_the_setting_says_so(
    identity: Identity, database: TestDatabase
) -> None:
    add_notice(database, "new_device")
    await send_notices(identity, database)
    ((path, _, token),) = links_in(identity.mailbox.letters[-1])
    app = "rimal://account/{page}?token={token}&from=mail"
    async with client_of(identity, app_url=app) as client:
        shown = await client.get(path)
    (target,) = re.findall(r'<a class="app" href="([^"]+)">', shown.text)
    assert html.unescape(target) == f"rimal://account/not-me?token={token}&from=mail"


async def test_who_comes_too_often_gets_the_page_that_says_so(identity: Identity) -> None:
    async with client_of(identity, authentication=1) as client:
        for expected in (400, 429):
            answer = await client.post("/account/not-me", data={"token": "x" * 43})
            assert answer.status_code == expected
        require_page(answer, "en", WORDS["en"].pages["not-me"].heading)
        assert html.escape(WORDS["en"].busy) in answer.text
        assert int(answer.headers["retry-after"]) > 0


def test_every_page_has_a_button_and_words_in_both_languages() -> None:
    pages = set(get_args(Page))
    assert set(account_pages.ACTIONS) == pages
    for words in WORDS.values():
        assert set(words.pages) == pages
    assert set(PAGES.values()) | {"not-me", "keep-account"} == pages
