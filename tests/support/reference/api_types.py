"""The types of bodies and answers in words, from the schemas of the OpenAPI document."""

from typing import Any

import msgspec

from tests.support.reference.markdown import anchor, code, docstring, listed, table

Schema = dict[str, Any]
FORMATS = {"date-time": "instant", "date": "date", "uuid": "UUID"}
JSON_WORDS = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "null": "null",
}


def section(document: Schema) -> list[str]:
    """All types by name."""
    structs = _structs()
    lines = ["## Types", ""]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += [f"### {name}", ""]
        if name in structs:
            lines += [docstring(structs[name]), ""]
        lines += table(("member", "type", "may be absent", "meaning"), _members(schema))
    return lines


def _structs() -> dict[str, type[msgspec.Struct]]:
    """The structs of the HTTP interface by name."""
    found: dict[str, type[msgspec.Struct]] = {}
    pending = list(msgspec.Struct.__subclasses__())
    while pending:
        struct = pending.pop()
        pending += struct.__subclasses__()
        if struct.__module__.startswith("interfaces.http."):
            found[struct.__name__] = struct
    return found


def _members(schema: Schema) -> list[tuple[str, ...]]:
    required = set(schema.get("required", ()))
    return [
        (
            code(name),
            words(member),
            "" if name in required else "yes",
            member["description"],
        )
        for name, member in schema.get("properties", {}).items()
    ]


def words(schema: Schema) -> str:
    """A schema in words."""
    if "$ref" in schema:
        return link(schema["$ref"].rpartition("/")[2])
    for union in ("oneOf", "anyOf"):
        if union in schema:
            return " or ".join(words(each) for each in schema[union] if each) + _limits(schema)
    if "enum" in schema:
        return listed(str(each) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {words(schema['items'])}" + _counts(schema)
    name = FORMATS.get(schema.get("format", "")) or JSON_WORDS[schema.get("type", "object")]
    return name + _limits(schema)


def link(name: str) -> str:
    """A link to a type of the page."""
    return f"[{name}](#{anchor(name)})"


def _limits(schema: Schema) -> str:
    if "pattern" in schema:
        return f" like {code(schema['pattern'])}"
    for lowest, highest, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
    ):
        if lowest in schema or highest in schema:
            return _between(schema.get(lowest), schema.get(highest)) + unit
    return ""


def _counts(schema: Schema) -> str:
    if "minItems" in schema or "maxItems" in schema:
        return _between(schema.get("minItems"), schema.get("maxItems"))
    return ""


def _between(lowest: int | None, highest: int | None) -> str:
    if lowest is None:
        return f", at most {highest}"
    return f", at least {lowest}" if highest is None else f", {lowest} to {highest}"
