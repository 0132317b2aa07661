"""A document's bash blocks as one script, and what its text blocks expect of the output.

A line of an expectation matches a whole line of output; `…` stands for anything. The lines of
one expectation are found in this order, other lines may stand between.
"""

import re
from pathlib import Path

import msgspec

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANYTHING = "…"


class Part(msgspec.Struct, frozen=True):
    """One bash block and the lines that it is said to print."""

    script: str
    expected: tuple[str, ...]


def read_parts(document: Path) -> list[Part]:
    """The bash blocks in order, each with the text block that directly follows it, if any."""
    parts: list[Part] = []
    for language, content in _FENCE.findall(document.read_text(encoding="utf-8")):
        if language == "bash":
            parts.append(Part(script=content, expected=()))
        elif language == "text":
            assert parts, "expected output needs a command before it"
            assert not parts[-1].expected, "two expectations for one block"
            parts[-1] = Part(parts[-1].script, tuple(content.splitlines()))
    return parts


def as_one_script(parts: list[Part], *, separator: str) -> str:
    """The blocks in one shell, so that variables live on; `separator` is printed between them."""
    echo = f"printf '\\n%s\\n' '{separator}'\n"
    return "set -euo pipefail\n" + echo.join(part.script for part in parts)


def first_missing(expected: tuple[str, ...], output: str) -> str | None:
    """The first expected line that the output does not have in its turn, or None."""
    lines = iter(output.splitlines())
    for wanted in expected:
        pattern = ".*".join(re.escape(piece) for piece in wanted.split(ANYTHING))
        if not any(re.fullmatch(pattern, line) for line in lines):
            return wanted
    return None
