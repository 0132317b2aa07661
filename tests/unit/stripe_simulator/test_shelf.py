"""Pages of a shelf, compared with the definition of Stripe's cursors."""

from typing import Any

import pytest

from infrastructure.stripe_simulator.shelf import Shelf, page


def shelf_of(count: int) -> Shelf:
    """Return objects that were created two in a second."""
    shelf = Shelf("object", 1_000)
    for number in range(count):
        shelf.put({"id": f"o_{number}", "created": 100 + number // 2})
    return shelf


def numbers(shelf: Shelf, created: Any = None, **params: Any) -> tuple[list[int], bool]:
    """Return which objects the page has, and whether there are more."""
    params = params if created is None else {**params, "created": created}
    found = page(shelf, shelf.created_within(params), params, "/v1/objects")
    return [int(each["id"][2:]) for each in found["data"]], found["has_more"]


@pytest.mark.parametrize("limit", [1, 3, 10])
@pytest.mark.parametrize("cursor", [0, 4, 5, 6, 11])
@pytest.mark.parametrize("created", [None, {"gte": 102, "lt": 105}, {"gt": 102}, {"lte": 103}, 103])
def test_a_page_begins_at_its_cursor(limit: int, cursor: int, created: Any) -> None:
    shelf = shelf_of(12)
    passing = [
        number
        for number in reversed(range(12))
        if created is None
        or created == 100 + number // 2
        or (
            isinstance(created, dict)
            and created.get("gt", 0) < 100 + number // 2 < created.get("lt", 999)
            and created.get("gte", 0) <= 100 + number // 2 <= created.get("lte", 999)
        )
    ]
    older = [number for number in passing if number < cursor]
    newer = [number for number in passing if number > cursor]
    after = numbers(shelf, created, limit=limit, starting_after=f"o_{cursor}")
    assert after == (older[:limit], len(older) > limit)
    before = numbers(shelf, created, limit=limit, ending_before=f"o_{cursor}")
    assert before == (newer[-limit:], len(newer) > limit)
    assert numbers(shelf, created, limit=limit) == (passing[:limit], len(passing) > limit)


def test_a_page_reads_none_of_the_objects_behind_it() -> None:
    shelf = shelf_of(12)
    for number in range(5):
        # Reading it is a KeyError.
        del shelf.objects[f"o_{number}"]["created"]
    assert numbers(shelf, {"gt": 0}, limit=5) == ([11, 10, 9, 8, 7], True)
    assert numbers(shelf, {"gte": 103}, limit=10) == ([11, 10, 9, 8, 7, 6], False)


def test_a_page_reads_none_of_the_objects_before_it() -> None:
    shelf = shelf_of(12)
    for number in range(6, 12):
        # Reading it is a KeyError.
        del shelf.objects[f"o_{number}"]["created"]
    assert numbers(shelf, limit=3, starting_after="o_6") == ([5, 4, 3], True)
    assert numbers(shelf, {"lt": 103}, limit=10) == ([5, 4, 3, 2, 1, 0], False)


def test_a_full_shelf_has_the_newest_in_order() -> None:
    shelf = Shelf("object", 5)
    for number in range(400):
        shelf.put({"id": f"o_{number}", "created": number})
        newest = list(range(number, max(-1, number - 5), -1))
        assert numbers(shelf, limit=10) == (newest, False)
        assert numbers(shelf, {"gt": number - 2}, limit=10) == (newest[:2], False)
    shelf.put({"id": "o_397", "created": 397, "changed": True})
    assert numbers(shelf, limit=2, starting_after="o_398") == ([397, 396], True)
    shelf.drop("o_397")
    assert numbers(shelf, limit=2, starting_after="o_398") == ([396, 395], False)
