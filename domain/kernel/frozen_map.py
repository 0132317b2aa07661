"""An immutable map whose update costs the same for ten entries and for a hundred thousand.

A flight's holds are looked up and replaced on every booking; copying one plain dict each time
would make a popular flight slower with each seat sold.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

Value = TypeVar("Value")

# Few, for a process has thousands of small maps in memory, and a bucket takes 200 bytes of it.
FEWEST_BUCKETS = 8
# More are copied slower than the larger buckets.
MOST_BUCKETS = 256
ENTRIES_A_BUCKET = 8


class FrozenMap(Generic[Value]):
    """Text to value; `put` and `drop` return a new map that shares all buckets but one."""

    __slots__ = ("_buckets", "_count")

    def __init__(self) -> None:
        self._buckets: tuple[dict[str, Value] | None, ...] = (None,) * FEWEST_BUCKETS
        self._count = 0

    def get(self, key: str) -> Value | None:
        """The value of the key, or None."""
        bucket = self._buckets[hash(key) % len(self._buckets)]
        return None if bucket is None else bucket.get(key)

    def put(self, key: str, value: Value) -> "FrozenMap[Value]":
        """A map in which the key has this value."""
        index = hash(key) % len(self._buckets)
        bucket = self._buckets[index]
        changed = {} if bucket is None else bucket.copy()
        added = key not in changed
        changed[key] = value
        result = self._with_bucket(index, changed, self._count + added)
        number = len(self._buckets)
        if number < MOST_BUCKETS and result._count > ENTRIES_A_BUCKET * number:
            return result._in_buckets(2 * number)
        return result

    def drop(self, key: str) -> "FrozenMap[Value]":
        """A map without the key, which must be there."""
        index = hash(key) % len(self._buckets)
        bucket = self._buckets[index]
        assert bucket is not None
        changed = bucket.copy()
        del changed[key]
        return self._with_bucket(index, changed or None, self._count - 1)

    def _with_bucket(
        self, index: int, bucket: dict[str, Value] | None, count: int
    ) -> "FrozenMap[Value]":
        result: FrozenMap[Value] = FrozenMap.__new__(FrozenMap)
        result._buckets = (*self._buckets[:index], bucket, *self._buckets[index + 1 :])
        result._count = count
        return result

    def _in_buckets(self, number: int) -> "FrozenMap[Value]":
        buckets: list[dict[str, Value] | None] = [None] * number
        for key, value in self.items():
            index = hash(key) % number
            bucket = buckets[index]
            if bucket is None:
                bucket = buckets[index] = {}
            bucket[key] = value
        result: FrozenMap[Value] = FrozenMap.__new__(FrozenMap)
        result._buckets = tuple(buckets)
        result._count = self._count
        return result

    def items(self) -> Iterator[tuple[str, Value]]:
        """All pairs, in no particular order."""
        for bucket in self._buckets:
            if bucket is not None:
                yield from bucket.items()

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"FrozenMap({dict(sorted(self.items()))!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrozenMap):
            return NotImplemented
        return dict(self.items()) == dict(other.items())

    def __hash__(self) -> int:
        return hash(frozenset(self.items()))
