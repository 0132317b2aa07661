"""The way back from the page after a payment: to addresses of the setting, and to no other."""

import html
import re

import pytest

from interfaces.http.return_page_words import WORDS
from tests.support.returning_traveller import Returning

APP = 'rimal://bookings/{booking}?from=payment&at="home"'
LINK = re.compile(r'<a class="back" href="([^"]*)">([^<]*)</a>')
RELOAD = re.compile(r'content="\d+; url=([^"]*)"')


@pytest.fixture
async def returning() -> Returning:
    return Returning(return_to={"app": APP})


@pytest.mark.parametrize("page", ["paid", "unpaid"])
@pytest.mark.parametrize("language", ["en", "ar"])
async def test_the_page_leads_back_to_the_app_before_and_after_the_outcome(
    returning: Returning, page: str, language: str
) -> None:
    booking = returning.checked_out()
    waiting = await returning.see(f"/{page}/{booking}?to=app", language)
    address, words = LINK.findall(waiting.text)[0]
    reference = booking.removeprefix("booking-")
    assert html.unescape(address) == APP.replace("{booking}", reference)
    assert words == WORDS[language].back  # type: ignore[index]  # one of the two
    # Whoever waits keeps the way back.
    (reload,) = RELOAD.findall(waiting.text)
    assert html.unescape(reload) == "?again=1&to=app"
    returning.captured(booking)
    returning.airline.confirm(booking)
    assert LINK.search((await returning.see(f"/{page}/{booking}?to=app", language)).text)


@pytest.mark.parametrize("query", ["", "?to=web", "?to=ap", "?to=apps"])
async def test_without_a_name_of_the_setting_there_is_no_way_back(
    returning: Returning, query: str
) -> None:
    page = (await returning.see(f"/paid/{returning.checked_out()}{query}")).text
    assert LINK.search(page) is None
    assert "to=" not in page and "://" not in page


@pytest.mark.parametrize(
    "name", ["https://evil.example", "//evil.example", "javascript:alert(1)", "", "app%22", "APP"]
)
async def test_an_address_instead_of_a_name_is_refused(returning: Returning, name: str) -> None:
    """Else anybody could make the page lead anywhere: an open redirect."""
    answer = await returning.see(f"/paid/{returning.checked_out()}?to={name}")
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, "to")
