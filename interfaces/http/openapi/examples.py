"""An example of every body and answer, put together from the examples of its properties."""

from collections.abc import Mapping
from typing import Any

from interfaces.http.openapi import words
from interfaces.http.openapi.words import NO_EXAMPLE

Schemas = Mapping[str, Mapping[str, Any]]
_BY_FORMAT = {"date": "2026-11-30", "date-time": "2026-11-30T06:15:00Z"}
_DEPTH_LIMIT = 8


def of_struct(schemas: Schemas, name: str, depth: int = 0) -> Any:
    """Return an example of the struct of this name; members that may be left out are shown."""
    assert depth < _DEPTH_LIMIT, f"{name} contains itself"
    schema = schemas[name]
    if "properties" not in schema:
        return of_schema(schemas, schema, depth)
    replaced = words.words().examples.get(name, {})
    shown: dict[str, Any] = {}
    for member, described in schema["properties"].items():
        word = words.property_word(name, member)
        value = replaced.get(member, NO_EXAMPLE if word is None else word.example)
        shown[member] = of_schema(schemas, described, depth) if value is NO_EXAMPLE else value
    for member in replaced.get("without", ()):
        del shown[member]
    return (
        shown
        | dict.fromkeys(replaced.get("null", ()))
        | {member: [] for member in replaced.get("empty", ())}
    )


def of_schema(schemas: Schemas, schema: Mapping[str, Any], depth: int = 0) -> Any:
    """Return an example of a schema."""
    if "$ref" in schema:
        return of_struct(schemas, schema["$ref"].rpartition("/")[2], depth + 1)
    if "anyOf" in schema:
        return of_schema(schemas, schema["anyOf"][0], depth)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "array":
            return [of_schema(schemas, schema["items"], depth)] if "items" in schema else []
        case "boolean":
            return False
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "string":
            return _BY_FORMAT.get(schema.get("format", ""), "text")
        case "null":
            return None
        case _:
            return {}
