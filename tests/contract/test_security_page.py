"""The page of security names every item that we have to show, and only tests that there are."""

import re

import pytest

from tests.support.reference import security
from tests.support.reference.security import Item

WANTED = {
    *("2.3.1", "2.3.4", "2.3.5", "8.2.2", "8.3.2", "9.1.2", "9.1.3", "9.2.2", "9.2.3"),
    *("10.4.5", "10.4.8", "15.3.3", "15.4.2", "16.2.5"),
    *("16.3.1", "16.3.2", "16.3.3", "16.3.4", "16.4.2", "16.4.3", "16.5.3", "Appendix C"),
    *(f"API{number}" for number in range(1, 11)),
}
ITEMS = (*security.ASVS, *security.API_TOP_10)


def test_every_item_is_on_the_page_once() -> None:
    numbers = [each.number for each in ITEMS]
    assert sorted(numbers) == sorted(WANTED)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: str(item.number))
def test_an_item_is_shown_by_tests_that_run_or_is_open(item: Item) -> None:
    assert set(item.tests) <= security.places().keys()
    assert len(set(item.tests)) == len(item.tests)
    assert item.tests or item.is_open
    assert item.asks.endswith(".")
    assert not item.is_open or item.is_open.endswith(".")


def test_a_skipped_test_shows_nothing() -> None:
    assert "test_curl_reads_it" not in security.places()
    assert "test_an_item_is_shown_by_tests_that_run_or_is_open" in security.places()


def test_open_items_are_few_and_named() -> None:
    unshown = {each.number for each in ITEMS if not each.tests}
    assert unshown == {"16.4.3"}
    assert all(re.fullmatch(r"[\d.]+|API\d+|Appendix C", each.number) for each in ITEMS)
