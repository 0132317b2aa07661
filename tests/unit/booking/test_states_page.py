"""The page of states and its picture agree with the table, and can be read."""

import itertools
import math
import xml.etree.ElementTree as ET

from domain.booking import states
from tests.support import states_page


def test_the_page_and_the_picture_are_those_of_the_table() -> None:
    kept = {name: (states_page.FOLDER / name).read_text("utf-8") for name in FILES}
    assert kept == {"states.md": states_page.page(), "states.svg": states_page.picture()}


FILES = ("states.md", "states.svg")


def test_each_step_of_the_table_has_a_cause_and_an_arrow() -> None:
    table = {(a, b) for a, targets in states.TRANSITIONS.items() for b in targets}
    assert set(states_page.CAUSES) == set(states_page.ARROWS) == table
    assert len(table) == 29


def test_the_picture_is_well_formed_and_all_of_it_is_in_view() -> None:
    root = ET.fromstring(states_page.picture())
    boxes = [each for each in root if "state" in each.get("class", "")]
    assert len(boxes) == 13
    for x, y in states_page.PLACES.values():
        assert states_page.HALF_WIDTH <= x <= states_page.WIDTH - states_page.HALF_WIDTH
        assert states_page.HALF_HEIGHT <= y <= states_page.HEIGHT - states_page.HALF_HEIGHT


def test_no_box_and_no_number_hides_another() -> None:
    for (x, y), (u, v) in itertools.combinations(states_page.PLACES.values(), 2):
        assert abs(x - u) > 2 * states_page.HALF_WIDTH or abs(y - v) > 2 * states_page.HALF_HEIGHT
    numbers = [states_page.badge(step) for step in states_page.ARROWS]
    for one, other in itertools.combinations(numbers, 2):
        assert math.dist(one, other) > 19, f"{one} and {other}"


def test_each_arrow_begins_and_ends_at_the_boxes_it_joins() -> None:
    for (before, after), (start, _, _, end) in states_page.ARROWS.items():
        for status, (x, y) in ((before, start), (after, end)):
            u, v = states_page.PLACES[status]
            assert abs(x - u) <= states_page.HALF_WIDTH + 4, f"{before}-{after}"
            assert abs(y - v) <= states_page.HALF_HEIGHT + 4, f"{before}-{after}"
