"""An immutable map whose update costs the same for ten entries and for a hundred thousand.

A flight's holds are looked up and replaced on every booking; copying one plain dict each time
would make a popular flight slower with each seat sold.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

Value = TypeVar("Value")

BUCKET_COUNT = 256


class FrozenMap(Generic[Value]):
    """Text to value; `put` and `drop` return a new map that shares all buckets but one."""

    __slots__ = ("_buckets", "_count")

    def __init__(self) -> None:
        self._buckets: tuple[dict[str, Value] | None, ...] = (None,) * BUCKET_COUNT
        self._count = 0

    def get(self, key: str) -> Value | None:
        """The value of the key, or None."""
        bucket = self._buckets[hash(key) % BUCKET_COUNT]
        return None if bucket is None else bucket.get(key)

    def put(self, key: str, value: Value) -> "FrozenMap[Value]":
        """A map in which the key has this value."""
        index = hash(key) % BUCKET_COUNT
        bucket = self._buckets[index]
        changed = {} if bucket is None else bucket.copy()
        added = key not in changed
        changed[key] = value
        return self._with_bucket(index, changed, self._count + added)

    def drop(self, key: str) -> "FrozenMap[Value]":
        """A map without the key, which must be there."""
        index = hash(key) % BUCKET_COUNT
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
