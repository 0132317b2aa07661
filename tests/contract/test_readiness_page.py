"""The page of readiness has every line of the list; each is shown, and its figures are quoted."""

import pytest

from tests.support.reference import pages, readiness, security
from tests.support.reference.readiness import PARTS, Line

# How many lines each part of the customer's list has; no line is in one part twice.
WANTED = {
    "Before any launch": 13,
    "First month": 6,
    "Later": 3,
    "Beta accepted when": 5,
    "Full launch when": 3,
}
LINES = [line for part in PARTS.values() for line in part]


def test_every_line_of_the_list_is_on_the_page() -> None:
    assert {title: len({line.name for line in part}) for title, part in PARTS.items()} == WANTED


@pytest.mark.parametrize("line", LINES, ids=lambda line: str(line.name))
def test_a_line_is_shown_by_tests_that_run_and_figures_that_are_on_their_page(line: Line) -> None:
    assert line.tests
    assert set(line.tests) <= security.places().keys()
    assert len(set(line.tests)) == len(line.tests)
    for figure in line.figures:
        page = (pages.FOLDER / figure.page).resolve()
        assert figure.quoted in page.read_text("utf-8"), figure
    assert not line.is_open or line.is_open.endswith(".")
    assert line.name in readiness.text()
