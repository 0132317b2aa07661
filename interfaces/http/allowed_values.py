"""The values that a member of a body may have, where it has one of a few."""

import functools
import re
from collections.abc import Iterator
from typing import Any

from msgspec import inspect

# A step of a path as msgspec writes it: the name of a member, or any index or key.
_STEP = re.compile(r"\.?(?P<member>[^.\[\]]+)|\[[^\]]*\]")
MARK = "Invalid enum value"


@functools.lru_cache(256)
def allowed_at(wire_type: Any, path: str) -> str:
    """Return the values that the member at this path of a body may have, in alphabetical order with
    commas between them; "" where it may have others.
    """
    found = [inspect.type_info(wire_type)]
    for step in _STEP.finditer(path):
        found = [each for known in found for each in _behind(known, step["member"])]
    values = [value for known in found for value in _values(known)]
    return ", ".join(dict.fromkeys(map(str, values)))


def _parts(known: inspect.Type) -> Iterator[inspect.Type]:
    """Yield what a type is, without what is said of it; each part of a union."""
    match known:
        case inspect.Metadata():
            yield from _parts(known.type)
        case inspect.UnionType():
            for each in known.types:
                yield from _parts(each)
        case _:
            yield known


def _behind(known: inspect.Type, member: str | None) -> Iterator[inspect.Type]:
    """Yield the types of a member, or of the items where no member is named."""
    for each in _parts(known):
        match each:
            case inspect.StructType():
                yield from (field.type for field in each.fields if field.encode_name == member)
            case inspect.ListType() | inspect.VarTupleType() if member is None:
                yield each.item_type
            case inspect.DictType():
                yield each.value_type
            case _:
                pass


def _values(known: inspect.Type) -> Iterator[object]:
    for each in _parts(known):
        if isinstance(each, inspect.LiteralType):
            yield from each.values
        elif isinstance(each, inspect.EnumType):
            yield from (value.value for value in each.cls)
