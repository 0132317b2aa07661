"""The response shapes of the SDK's own classes, for the contract suite.

A field the SDK does not declare optional must be there and be of the declared plain type.
"""

import types
import typing
from typing import Any, Literal

_PLAIN: dict[Any, tuple[type, ...]] = {int: (int,), str: (str,), bool: (bool,), float: (float, int)}


def missing_fields(item: dict[str, Any], kind: type) -> list[str]:
    """Return the required fields that are absent or of another type than the SDK declares."""
    module = vars(__import__(kind.__module__, fromlist=["*"]))
    faults = []
    for name, annotation in kind.__annotations__.items():
        hint = eval(annotation, module) if isinstance(annotation, str) else annotation
        members = _members(hint)
        if type(None) in members or typing.get_origin(hint) is typing.ClassVar:
            continue
        if name not in item:
            faults.append(name)
            continue
        plain = [_PLAIN[member] for member in members if member in _PLAIN]
        if len(plain) == len(members) and not isinstance(item[name], tuple(sum(plain, ()))):
            faults.append(f"{name}: {item[name]!r}")
        options = [each for member in members for each in _options(member)]
        if options and isinstance(item[name], str) and item[name] not in options:
            faults.append(f"{name}: {item[name]!r}")
    return faults


def _members(hint: Any) -> list[Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [inner for member in typing.get_args(hint) for inner in _members(member)]
    return [hint]


def _options(member: Any) -> tuple[Any, ...]:
    return typing.get_args(member) if typing.get_origin(member) is Literal else ()
