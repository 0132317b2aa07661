"""Objects of one kind in order of creation, bounded, with Stripe's cursor pages."""

from collections.abc import Iterable, Iterator
from itertools import dropwhile, islice, takewhile

from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import invalid, no_such

PAGE_LIMIT = 100
PAGE_DEFAULT = 10


class Shelf:
    """Stores the newest object last, reads newest first; drops the oldest when it is full."""

    def __init__(self, noun: str, limit: int) -> None:
        self.noun = noun
        self.limit = limit
        self.objects: dict[str, Json] = {}

    def put(self, item: Json) -> Json:
        if item["id"] not in self.objects and len(self.objects) >= self.limit:
            del self.objects[next(iter(self.objects))]
        self.objects[item["id"]] = item
        return item

    def get(self, identifier: str, *, param: str = "id", status: int = 404) -> Json:
        """Return the object, or Stripe's `resource_missing`."""
        if identifier not in self.objects:
            raise no_such(self.noun, identifier, param=param, status=status)
        return self.objects[identifier]

    def newest_first(self) -> Iterator[Json]:
        return reversed(self.objects.values())

    def created_within(self, wanted: int | Json | None) -> Iterator[Json]:
        """Yield those that Stripe's `created` filter lets through, newest first.

        It looks at none that is older than the filter wants, however many there are.
        """
        least = _least(wanted)
        for item in self.newest_first():
            if item["created"] < least:
                return
            if created_matches(item, wanted):
                yield item


def page(shelf: Shelf, matching: Iterable[Json], params: Json, url: str) -> Json:
    """Return one `list` object; `matching` comes newest first."""
    limit = params.get("limit", PAGE_DEFAULT)
    if not 1 <= limit <= PAGE_LIMIT:
        raise invalid(f"Invalid integer: limit must be 1 to {PAGE_LIMIT}", param="limit")
    after, before = params.get("starting_after"), params.get("ending_before")
    if after is not None and before is not None:
        raise invalid("You can only specify one of `starting_after` and `ending_before`.")
    for param, cursor in (("starting_after", after), ("ending_before", before)):
        if cursor is not None:
            shelf.get(cursor, param=param, status=400)
    if before is not None:
        passed = _newer(shelf, before)
        newer = list(takewhile(lambda item: item["id"] in passed, matching))
        rows, more = newer[-limit:], len(newer) > limit
    else:
        passed = set() if after is None else {after, *_newer(shelf, after)}
        older = dropwhile(lambda item: item["id"] in passed, matching)
        found = list(islice(older, limit + 1))
        rows, more = found[:limit], len(found) > limit
    return {"object": "list", "data": rows, "has_more": more, "url": url}


def _newer(shelf: Shelf, cursor: str) -> set[str]:
    """Return the ids of all that is newer than the cursor, which need not match the filter."""
    return set(takewhile(lambda identifier: identifier != cursor, reversed(shelf.objects)))


def _least(wanted: int | Json | None) -> int:
    """Return the earliest second that the `created` filter lets through."""
    if wanted is None:
        return 0
    if isinstance(wanted, int):
        return wanted
    least: int = max(wanted.get("gt", -1) + 1, wanted.get("gte", 0))
    return least


def created_matches(item: Json, wanted: int | Json | None) -> bool:
    """Stripe's `created` filter: an exact second, or any of gt, gte, lt, lte."""
    if wanted is None:
        return True
    created: int = item["created"]
    if isinstance(wanted, int):
        return created == wanted
    return bool(
        created > wanted.get("gt", -1)
        and created >= wanted.get("gte", 0)
        and created < wanted.get("lt", created + 1)
        and created <= wanted.get("lte", created)
    )
