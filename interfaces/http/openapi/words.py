"""What every property and parameter means, and an example of each: the file `words.toml`.

A name means the same in every struct, so it is explained once. Where a struct means something else
by it, the file has a line for `Struct.name`, which precedes the line for `name`; for a parameter
that means something else at one route, a line for `operationId.name`.
"""

import functools
import importlib.resources
import tomllib
from collections.abc import Mapping
from typing import Any

import msgspec

FILE = "words.toml"
# An entry without an example takes that of its type.
NO_EXAMPLE: Any = msgspec.UNSET


class Word(msgspec.Struct, frozen=True):
    """What it means, and a value as it may be in a message."""

    text: str
    example: Any = NO_EXAMPLE


class Words(msgspec.Struct, frozen=True):
    """Properties by `name` or `Struct.name`, parameters by `name` or `operationId.name`, examples
    that replace members of the struct of that name, and the headers of answers.
    """

    properties: Mapping[str, Word]
    parameters: Mapping[str, Word]
    headers: Mapping[str, Word]
    examples: Mapping[str, Mapping[str, Any]]


@functools.cache
def words() -> Words:
    """Return the file's content."""
    content = (importlib.resources.files("interfaces.http.openapi") / FILE).read_text("utf-8")
    tables = tomllib.loads(content)
    return Words(
        properties=_words(tables["properties"]),
        parameters=_words(tables["parameters"]),
        headers=_words(tables["headers"]),
        examples=tables["examples"],
    )


def _words(table: Mapping[str, Any]) -> dict[str, Word]:
    return {
        name: Word(entry) if isinstance(entry, str) else Word(*entry)
        for name, entry in table.items()
    }


def property_word(struct: str, name: str) -> Word | None:
    """Return the word of a property of a struct; None where the file has none."""
    known = words().properties
    return known.get(f"{struct}.{name}") or known.get(name)


def parameter_word(operation: str, name: str) -> Word | None:
    """Return the word of a parameter of path or query; None where the file has none."""
    known = words().parameters
    return known.get(f"{operation}.{name}") or known.get(name)
