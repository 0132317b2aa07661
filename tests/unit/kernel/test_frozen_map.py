"""The immutable map behaves as a dict that is copied on every change."""

import gc
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.frozen_map import FrozenMap

KEYS = [f"booking-{number}" for number in range(600)]
keys = st.sampled_from(KEYS)
changes = st.lists(st.tuples(keys, st.none() | st.integers()), max_size=60)


@given(changes)
def test_it_holds_what_a_dict_would_hold(steps: list[tuple[str, int | None]]) -> None:
    model: dict[str, int] = {}
    frozen: FrozenMap[int] = FrozenMap()
    kept: list[tuple[FrozenMap[int], dict[str, int]]] = []
    for key, value in steps:
        if value is not None:
            model[key] = value
            frozen = frozen.put(key, value)
        elif key in model:
            del model[key]
            frozen = frozen.drop(key)
        assert frozen.get(key) == model.get(key)
        assert len(frozen) == len(model)
        kept.append((frozen, model.copy()))
    for earlier, expected in kept:
        assert dict(earlier.items()) == expected


@given(st.dictionaries(keys, st.integers(), max_size=40))
def test_the_order_of_changes_makes_no_difference(content: dict[str, int]) -> None:
    one: FrozenMap[int] = FrozenMap()
    for key in sorted(content):
        one = one.put(key, content[key])
    other: FrozenMap[int] = FrozenMap()
    for key in sorted(content, reverse=True):
        other = other.put(key, -1).put(key, content[key])
    assert one == other
    assert hash(one) == hash(other)
    assert (one == FrozenMap[int]()) is (not content)


def test_many_entries_are_all_there_while_they_come_and_go() -> None:
    numbers = range(20_000)
    frozen: FrozenMap[int] = FrozenMap()
    for number in numbers:
        frozen = frozen.put(f"{number}", number)
    assert dict(frozen.items()) == {f"{number}": number for number in numbers}
    for number in numbers[7:]:
        assert frozen.get(f"{number}") == number
        frozen = frozen.drop(f"{number}")
    small: FrozenMap[int] = FrozenMap()
    for number in numbers[:7]:
        small = small.put(f"{number}", number)
    assert (frozen, len(frozen), hash(frozen)) == (small, 7, hash(small))


def test_a_map_of_a_flight_takes_little_memory() -> None:
    gc.collect()
    tracemalloc.start()
    maps = []
    for _ in range(20):
        frozen: FrozenMap[None] = FrozenMap()
        for key in KEYS[:160]:
            frozen = frozen.put(key, None)
        maps.append(frozen)
    bytes_of_all, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert bytes_of_all / len(maps) < 100 * 160


def test_dropping_what_is_not_there_is_a_bug() -> None:
    with pytest.raises((AssertionError, KeyError)):
        FrozenMap[int]().drop("booking-1")
    with pytest.raises((AssertionError, KeyError)):
        FrozenMap[int]().put("booking-1", 1).drop("booking-1").drop("booking-1")


def test_it_differs_from_a_dict() -> None:
    assert FrozenMap[int]() != {}
