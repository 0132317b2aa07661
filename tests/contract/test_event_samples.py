"""The samples of the event types show every form that the types allow, and can be folded."""

import functools
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from application.commands import stream_kinds
from domain.kernel.events import DomainEvent
from domain.kernel.fold import fold
from infrastructure.event_store import codec
from tests.support import event_samples

EVENT_TYPES = [event_type for _, event_type in sorted(stream_kinds.EVENT_TYPES.items())]
Form = tuple[str, str, object]


def _tag(event_type: type[DomainEvent]) -> str:
    return event_type.tag


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=_tag)
def test_the_samples_show_every_form_that_a_type_allows(event_type: type[DomainEvent]) -> None:
    samples = event_samples.samples(event_type)
    shown = {form for sample in samples for form in _shown(event_type, sample)}
    assert set(_allowed(event_type)) - shown == set()


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=_tag)
def test_optional_fields_occur_in_every_combination(event_type: type[DomainEvent]) -> None:
    optional = [field for field in msgspec.structs.fields(event_type) if not field.required]
    combinations = {
        tuple(getattr(sample, field.name) == field.default for field in optional)
        for sample in event_samples.samples(event_type)
    }
    assert len(combinations) == 2 ** len(optional)


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=_tag)
def test_the_first_sample_is_the_fullest_and_the_last_the_smallest(
    event_type: type[DomainEvent],
) -> None:
    samples = event_samples.samples(event_type)
    for field in msgspec.structs.fields(event_type):
        if not field.required:
            assert getattr(samples[0], field.name) != field.default
            assert getattr(samples[-1], field.name) == field.default
    assert len(set(map(codec.encode, samples))) == len(samples)


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=_tag)
def test_every_sample_can_be_folded_after_the_events_that_precede_it(
    event_type: type[DomainEvent],
) -> None:
    kind = stream_kinds.KINDS[event_type.tag.partition(".")[0]]
    for sample in event_samples.samples(event_type):
        state = None
        state = fold(kind.evolve, state, (*event_samples.preceding(sample), sample))
        assert state is not None


def test_all_samples_are_those_of_the_types() -> None:
    found = event_samples.all_samples()
    assert len(found) == sum(len(event_samples.samples(each)) for each in EVENT_TYPES)
    assert {type(sample) for sample in found} == set(EVENT_TYPES)


def _allowed(struct: Any) -> Iterator[Form]:
    """What has to occur in the fields of a struct, and of the structs in it."""
    for field in msgspec.structs.fields(struct):
        place = (struct.__name__, field.name)
        if not field.required and field.default in (None, ()):
            yield (*place, "default")
            yield (*place, "other than the default")
        for kind in _kinds(_hints(struct)[field.name]):
            if get_origin(kind) is Literal:
                yield from ((*place, value) for value in get_args(kind))
            elif kind is bool:
                yield from ((*place, value) for value in (True, False))
            elif kind is type(None):
                yield (*place, None)
            elif hasattr(kind, "__struct_fields__"):
                yield from _allowed(kind)


def _shown(struct: Any, value: Any) -> Iterator[Form]:
    """What occurs in a value of the struct."""
    for field in msgspec.structs.fields(struct):
        found = getattr(value, field.name)
        place = (struct.__name__, field.name)
        if not field.required:
            is_default = found == field.default
            yield (*place, "default" if is_default else "other than the default")
        if found is None or isinstance(found, str | bool):
            yield (*place, found)
        for each in found if isinstance(found, tuple) else (found,):
            if each is None or isinstance(each, str):
                yield (*place, each)
            if hasattr(each, "__struct_fields__"):
                yield from _shown(type(each), each)


def _kinds(kind: Any) -> Iterator[Any]:
    """The type itself, or the members of a union and the element of a tuple."""
    if get_origin(kind) in {Union, types.UnionType, tuple}:
        for each in get_args(kind):
            yield from _kinds(each)
    else:
        yield kind


@functools.cache
def _hints(struct: Any) -> dict[str, Any]:
    return get_type_hints(struct)
