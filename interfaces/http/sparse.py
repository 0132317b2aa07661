"""Answers with only the members that the client asks for: `?fields=id,status`."""

from typing import Any

import msgspec

from interfaces.http.answers import Sparse
from interfaces.http.problems import invalid

FIELDS_LENGTH = 500


def only(content: msgspec.Struct, fields: str | None) -> Any:
    """Return the answer with the named members of it; all of them without `fields`."""
    if fields is None:
        return content
    wanted = _wanted(type(content), fields)
    whole: dict[str, Any] = msgspec.to_builtins(content)
    return Sparse({name: value for name, value in whole.items() if name in wanted})


def only_of_each(content: msgspec.Struct, member: str, kind: type[Any], fields: str | None) -> Any:
    """Return the list with the named members of each entry, which are of this type."""
    if fields is None:
        return content
    wanted = _wanted(kind, fields)
    whole: dict[str, Any] = msgspec.to_builtins(content)
    whole[member] = [
        {name: value for name, value in each.items() if name in wanted} for each in whole[member]
    ]
    return Sparse(whole)


def _wanted(kind: type[Any], fields: str) -> frozenset[str]:
    """Return the names; raises VALIDATION_ERROR for one that the answer does not have."""
    known = frozenset(kind.__struct_encode_fields__)
    names = frozenset(fields[:FIELDS_LENGTH].split(","))
    if len(fields) > FIELDS_LENGTH or not names <= known:
        raise invalid("fields", f"some of {', '.join(sorted(known))} are expected, by commas")
    return names
