"""The schema of every body and answer, from the struct that decodes or encodes it."""

import json
from collections.abc import Iterable
from types import UnionType
from typing import Any, get_args

import msgspec

from interfaces.http.openapi import words

Schema = dict[str, Any]
REFERENCE = "#/components/schemas/{name}"
# What the name of an answer with some of its members begins with.
SPARSE = "Sparse"
# A text of a request ends where its pattern ends, also before a line feed. In ECMA 262, which JSON
# Schema uses, the dollar sign means that by itself.
BEFORE_LINE_FEED = r"(?!\n)"


def components(types: Iterable[type[msgspec.Struct]]) -> dict[str, Schema]:
    """Return the schemas of the structs, and of those within them, by name."""
    _, made = msgspec.json.schema_components(types, ref_template=REFERENCE)
    # Defaults are values of Python until they are written.
    found: dict[str, Schema] = msgspec.json.decode(msgspec.json.encode(made))
    for name, schema in found.items():
        _mended(schema)
        properties = schema.get("properties", {})
        for member, described in properties.items():
            word = words.property_word(name, member)
            if word is not None:
                described["description"] = word.text + _without(described)
        if name.endswith("Response") and not _leaves_out_defaults(name):
            # A default of ours is written into the answer like any other value.
            schema["required"] = list(properties)
    return dict(sorted(found.items()))


def add_sparse(found: dict[str, Schema], answer: str, kind: str) -> None:
    """Add the answer of this name with only some members of each `kind`, as `fields` asks for.

    `kind` is the answer itself, or what a list of it contains.
    """
    some = f"{SPARSE}{kind}"
    found[some] = {
        **found[kind],
        "title": some,
        "description": f"Those members of a {kind} that `fields` names.",
        "required": [],
    }
    if answer != kind:
        reference = json.dumps(REFERENCE.format(name=kind))
        of_some = json.dumps(REFERENCE.format(name=some))
        listed: Schema = json.loads(json.dumps(found[answer]).replace(reference, of_some))
        name = f"{SPARSE}{answer}"
        found[name] = {**listed, "title": name}


def _without(described: Schema) -> str:
    """Take the default out of a member; returns it in words.

    Generators of typed clients take a member with a default for one that is always there.
    """
    default = described.pop("default", None)
    return "" if default in (None, [], {}) else f" Without it {json.dumps(default)}."


def of(annotation: Any) -> Schema:
    """Return the schema of one type, by reference where it is a struct."""
    either = alternatives(annotation)
    if len(either) > 1:
        return {"anyOf": [of(each) for each in either]}
    (schema,), _ = msgspec.json.schema_components([annotation], ref_template=REFERENCE)
    _mended(schema)
    return schema


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """Return the types of a union; any other type is its only one."""
    return get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)


def _leaves_out_defaults(name: str) -> bool:
    return name == "ReceivedResponse"


def _mended(node: Any) -> None:
    """Give every list of values its type, and write patterns as JSON Schema has them."""
    if isinstance(node, list):
        for each in node:
            _mended(each)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("pattern"), str):
        node["pattern"] = node["pattern"].replace(BEFORE_LINE_FEED, "")
    values = node.get("enum")
    if isinstance(values, list) and all(isinstance(each, str) for each in values):
        node.setdefault("type", "string")
    for each in node.values():
        _mended(each)
