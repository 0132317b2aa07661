"""What the OpenAPI document says in words agrees with what its schemas say."""

import re
from collections.abc import Iterator
from typing import Any

from tests.support.openapi_document import openapi_document

DOCUMENT: dict[str, Any] = openapi_document()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
MEMBERS = frozenset(name for each in SCHEMAS.values() for name in each.get("properties", {}))


def test_a_member_of_an_answer_says_what_null_means_if_it_can_be_null() -> None:
    differing = [
        f"{name}.{member}: {described['description']}"
        for name, schema in SCHEMAS.items()
        if name.endswith("Response")
        for member, described in schema.get("properties", {}).items()
        if _may_be_null(described) != bool(re.search(r"\bnull\b", described["description"], re.I))
    ]
    assert differing == []


def test_members_are_called_in_texts_as_they_are_in_messages() -> None:
    differing = [
        f"{place}: {word}"
        for place, text in _texts()
        for word in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text)
        if _in_camel_case(word) in MEMBERS
    ]
    assert differing == []


def _may_be_null(described: dict[str, Any]) -> bool:
    return (
        described.get("type") == "null"
        or None in described.get("enum", ())
        or any(_may_be_null(each) for each in described.get("anyOf", ()))
    )


def _texts() -> Iterator[tuple[str, str]]:
    for name, schema in SCHEMAS.items():
        yield name, schema.get("description", "")
        for member, described in schema.get("properties", {}).items():
            yield f"{name}.{member}", described["description"]
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            yield f"{method} {path}", f"{operation['summary']} {operation['description']}"


def _in_camel_case(word: str) -> str:
    return re.sub("_(.)", lambda found: found[1].upper(), word)


def test_limits_of_parameters_are_written_like_those_of_members() -> None:
    schemas = [
        each["schema"]
        for operations in DOCUMENT["paths"].values()
        for operation in operations.values()
        for each in operation.get("parameters", ())
    ]
    limits = [each.get(name) for each in schemas for name in ("minimum", "maximum", "default")]
    assert any(isinstance(each, int) for each in limits)
    assert not any(isinstance(each, float) for each in limits)
    assert not any("(?!" in each.get("pattern", "") for each in schemas)
