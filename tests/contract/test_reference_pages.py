"""The generated pages of `docs/reference` are those of the code, and leave nothing out."""

import re

import pytest

from application.commands import stream_kinds
from application.processes.registry import PROCESSES
from interfaces.http import account_pages, problem_kinds
from interfaces.http.app import ROUTES
from interfaces.http.openapi import tags
from interfaces.worker.timers import description
from interfaces.worker.timers.registry import TIMERS
from projections import registry
from tests.support.reference import (
    events,
    mobile_api,
    pages,
    rejection_reasons,
    rule_tests,
    rules,
)
from tests.support.reference.errors_in_arabic import ARABIC

NAMED = re.compile(r"`([^`]+)`")


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_page_is_what_its_generator_makes(name: str) -> None:
    kept = (pages.FOLDER / name).read_text("utf-8")
    assert kept == pages.PAGES[name](), "run python -m tests.support.reference.pages"


def test_the_guide_for_apps_names_every_page_of_a_mailed_link() -> None:
    named = {page.strip("`") for page, _ in mobile_api.LINKS}
    assert named == set(account_pages.ACTIONS)


def test_every_problem_has_a_cause_and_a_remedy_for_each_reader() -> None:
    assert len(problem_kinds.KINDS) > 20
    for name, kind in problem_kinds.KINDS.items():
        for text in (kind.cause, kind.client, kind.agent, kind.operator):
            assert text.endswith("."), name


def test_every_problem_is_explained_to_each_reader_in_arabic() -> None:
    assert ARABIC.keys() == problem_kinds.KINDS.keys()
    for name, help_ in ARABIC.items():
        for text in help_:
            assert text.endswith("."), name
            assert any("\u0600" <= letter <= "\u06ff" for letter in text), name
        kind = problem_kinds.KINDS[name]
        for arabic, english in zip(
            help_, (kind.cause, kind.client, kind.agent, kind.operator), strict=True
        ):
            # What is named in code there is something of ours: the Arabic text names nothing else.
            assert set(NAMED.findall(arabic)) <= set(NAMED.findall(english)), name


def test_the_reasons_of_a_rejection_are_found_in_the_code() -> None:
    reasons = rejection_reasons.reasons_of_rejections()
    assert reasons.keys() == {each.__name__ for each in rejection_reasons.rejections()}
    assert {"closed", "not_open_yet"} <= set(reasons["CheckInClosed"])
    assert "paid" in reasons["AlreadyPaid"]
    assert "flight_has_not_departed" in reasons["TransitionRefused"]


def test_every_rejection_event_route_and_read_model_is_on_its_page() -> None:
    # As they are kept, which is as their generators make them.
    found = {name: (pages.FOLDER / name).read_text("utf-8") for name in pages.PAGES}
    for rejection in rejection_reasons.rejections():
        assert f"`{rejection.__name__}`" in found["errors.md"]
    for tag in stream_kinds.EVENT_TYPES:
        assert f"### {tag}\n" in found["events.md"]
    for name in registry.ALL:
        assert f"## {name}\n" in found["read-models.md"]
    for each in (*TIMERS, *PROCESSES):
        assert f"| `{each.name}` |" in found["timers.md"]
    shown = [handler for handler in ROUTES if handler.include_in_schema is not False]
    assert len(shown) > 40
    assert sum(line.startswith("| `") for line in found["api.md"].splitlines()) > len(shown)


def test_a_route_belongs_to_the_tag_of_the_longest_prefix() -> None:
    assert tags.tag_of("/api/admin/bookings/{booking_id}/refund") == "Payment"
    assert tags.tag_of("/api/admin/bookings/{booking_id}/credit") == "Travel credit"
    assert tags.tag_of("/api/admin/flights/{flight_id}") == "Flight operation"
    assert tags.tag_of("/api/meals") is None


def test_a_sample_is_laid_out_on_one_line_where_it_fits() -> None:
    assert events.laid_out({"a": 1}) == ['{"a": 1}']
    wide = events.laid_out({"a": ["x" * 60, "y" * 60], "b": {}})
    assert wide == [
        "{",
        '  "a": [',
        f'    "{"x" * 60}",',
        f'    "{"y" * 60}"',
        "  ],",
        '  "b": {}',
        "}",
    ]


def test_a_period_is_in_the_largest_unit_that_divides_it() -> None:
    assert [description.every(each) for each in (1.0, 15.0, 60.0, 90.0, 1_800.0, 86_400.0)] == [
        *("every second", "every 15 seconds", "every minute", "every 90 seconds"),
        *("every 30 minutes", "every day"),
    ]


def test_every_rule_has_a_name_of_its_own_and_tests_that_exist() -> None:
    names = [each.name for each in rules.rules()]
    assert len(names) > 70
    assert len(names) == len(set(names))
    assert rule_tests.TESTS.keys() == set(names), "name its tests in rule_tests.py"
    tests = {test for of_rule in rule_tests.TESTS.values() for test in of_rule}
    assert all(rule_tests.TESTS.values())
    assert tests - rules.places().keys() == set()
