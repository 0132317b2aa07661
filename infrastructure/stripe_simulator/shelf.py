"""Objects of one kind in order of creation, bounded, with Stripe's cursor pages."""

from collections.abc import Iterable, Iterator

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
    found = list(matching)
    if before is not None:
        newer = found[: _place(shelf, found, before)]
        rows, more = newer[-limit:], len(newer) > limit
    else:
        older = found if after is None else found[_place(shelf, found, after) :]
        older = [item for item in older if item["id"] != after]
        rows, more = older[:limit], len(older) > limit
    return {"object": "list", "data": rows, "has_more": more, "url": url}


def _place(shelf: Shelf, found: list[Json], cursor: str) -> int:
    """Return how many of the found objects are newer than the cursor.

    The cursor itself need not match the filter.
    """
    order = {identifier: index for index, identifier in enumerate(shelf.objects)}
    return sum(order[item["id"]] > order[cursor] for item in found)


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
