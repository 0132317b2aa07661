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
    found = page(shelf, shelf.created_within(created), params, "/v1/objects")
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
