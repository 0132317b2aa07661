"""The fields of stored structs in words: their types, what is optional, what is personal data."""

import datetime as dt
import enum
import functools
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from domain.kernel.entries import Entry
from domain.kernel.sealed import Sealed
from tests.support.reference.markdown import anchor, code, listed, table

Struct = type[msgspec.Struct]
WORDS: dict[Any, str] = {
    str: "text",
    int: "integer",
    bool: "true or false",
    bytes: "base64 text",
    dt.datetime: "instant, UTC",
    dt.date: "date",
}


def rows(struct: Struct) -> list[str]:
    """The table of the fields of a struct."""
    return table(("field", "type", "when absent"), _cells(struct))


def _cells(struct: Struct) -> Iterator[tuple[str, str, str]]:
    for field in msgspec.structs.fields(struct):
        kind = type_hints(struct)[field.name]
        yield (code(field.name), _words(kind), "" if field.required else _default(field.default))


def _default(value: object) -> str:
    if value is None or value is msgspec.UNSET:
        return "none"
    if value == ():
        return "empty"
    return code(str(value)) if value != "" else "empty text"


def _words(kind: Any) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        others = [each for each in arguments if each not in {type(None), msgspec.UnsetType}]
        or_none = " or null" if type(None) in arguments else ""
        return " or ".join(map(_words, others)) + or_none
    if origin is Literal:
        return listed(map(str, arguments))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return listed(each.value for each in kind)
    if origin is tuple:
        return f"list of {_words(arguments[0])}"
    if origin is dict:
        return f"map from {_words(arguments[0])} to {_words(arguments[1])}"
    if is_struct(kind):
        return f"[{kind.__name__}](#{anchor(kind.__name__)})"
    return WORDS[kind]


def is_struct(kind: Any) -> bool:
    """Whether a field of this type is a struct of its own."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


@functools.cache
def value_types(struct: Struct) -> tuple[Struct, ...]:
    """The structs in the fields of a struct, and in theirs, each once."""
    found: dict[Struct, None] = {}
    for kind in type_hints(struct).values():
        for each in _parts(kind):
            if is_struct(each):
                found |= dict.fromkeys((each, *value_types(each)))
    return tuple(found)


def _parts(kind: Any) -> Iterator[Any]:
    """A type and all types that it is made of."""
    yield kind
    for each in get_args(kind) if get_origin(kind) is not Literal else ():
        yield from _parts(each)


def carries_entry(struct: Struct) -> str:
    """`yes`, `optional` or nothing."""
    for field in msgspec.structs.fields(struct):
        if Entry in _parts(type_hints(struct)[field.name]):
            return "yes" if field.required else "optional"
    return ""


def sealed_fields(struct: Struct, path: str = "") -> list[str]:
    """The paths of the fields that hold personal data, such as `passengers.name`."""
    found = []
    for name, kind in type_hints(struct).items():
        for each in _parts(kind):
            if each is Sealed:
                found.append(f"{path}{name}")
            elif is_struct(each):
                found += sealed_fields(each, f"{path}{name}.")
    return found


@functools.cache
def type_hints(struct: Struct) -> dict[str, Any]:
    """The types of the fields, in their order."""
    hints = get_type_hints(struct)
    return {name: hints[name] for name in struct.__struct_fields__}
