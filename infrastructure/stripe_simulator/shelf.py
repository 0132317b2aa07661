"""Objects of one kind in order of creation, bounded, with Stripe's cursor pages."""

from bisect import bisect_left, bisect_right
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
        # Ids and seconds in order of creation, those that were dropped included, so that a page
        # deep in a long list is found without reading what is before it.
        self._order: list[str] = []
        self._seconds: list[int] = []
        self._places: dict[str, int] = {}

    def put(self, item: Json) -> Json:
        if item["id"] not in self.objects:
            if len(self.objects) >= self.limit:
                self.drop(next(iter(self.objects)))
            self._append(item)
        self.objects[item["id"]] = item
        return item

    def drop(self, identifier: str) -> None:
        """Forget an object."""
        del self.objects[identifier], self._places[identifier]
        if len(self._order) > 2 * len(self.objects) + PAGE_LIMIT:
            # Most places are of dropped ones.
            self._order, self._seconds, self._places = [], [], {}
            for each in self.objects.values():
                self._append(each)

    def _append(self, item: Json) -> None:
        self._places[item["id"]] = len(self._order)
        self._order.append(item["id"])
        # Never less than before, also where the clock was set back.
        self._seconds.append(max(item.get("created", 0), *self._seconds[-1:], 0))

    def get(self, identifier: str, *, param: str = "id", status: int = 404) -> Json:
        """Return the object, or Stripe's `resource_missing`."""
        if identifier not in self.objects:
            raise no_such(self.noun, identifier, param=param, status=status)
        return self.objects[identifier]

    def place(self, identifier: str) -> int:
        """Return where the object stands: a newer one has a higher place."""
        return self._places[identifier]

    def newest_first(self) -> Iterator[Json]:
        return reversed(self.objects.values())

    def created_within(self, params: Json) -> Iterator[Json]:
        """Yield those that Stripe's filter `created` lets through, newest first, those behind the
        cursor `starting_after` only.

        It looks at none that is newer or older than both want, however many there are.
        """
        wanted = params.get("created")
        least, most = _bounds(wanted)
        end = len(self._order) if most is None else bisect_right(self._seconds, most)
        if params.get("starting_after") in self._places:
            end = min(end, self._places[params["starting_after"]])
        begin = bisect_left(self._seconds, least)
        for place in range(end - 1, begin - 1, -1):
            item = self.objects.get(self._order[place])
            if item is not None and created_matches(item, wanted):
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
        since = shelf.place(before)
        newer = list(takewhile(lambda item: shelf.place(item["id"]) > since, matching))
        rows, more = newer[-limit:], len(newer) > limit
    else:
        until = None if after is None else shelf.place(after)
        older = dropwhile(
            lambda item: until is not None and shelf.place(item["id"]) >= until, matching
        )
        found = list(islice(older, limit + 1))
        rows, more = found[:limit], len(found) > limit
    return {"object": "list", "data": rows, "has_more": more, "url": url}


def _bounds(wanted: int | Json | None) -> tuple[int, int | None]:
    """Return the earliest and the latest second that the filter lets through; None for no end."""
    if wanted is None:
        return 0, None
    if isinstance(wanted, int):
        return wanted, wanted
    ends = [wanted[name] - by for name, by in (("lt", 1), ("lte", 0)) if name in wanted]
    least: int = max(wanted.get("gt", -1) + 1, wanted.get("gte", 0))
    return least, min(ends, default=None)


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
