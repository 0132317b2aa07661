"""Markdown that all generated pages use: tables, anchors, code, first lines of docstrings."""

import inspect
import re
from collections.abc import Iterable, Sequence

# How the docstring of a package lists its modules.
MODULE = re.compile(r"[a-z_]\w*: ")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    return [_row(head), "|" + "---|" * len(head), *(_row(row) for row in rows), ""]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def anchor(heading: str) -> str:
    """The anchor of a heading, as forges make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def code(text: str) -> str:
    """The text as code."""
    return f"`{text}`"


def listed(items: Iterable[str]) -> str:
    """Code after code, separated by commas."""
    return ", ".join(code(item) for item in items)


def docstring(thing: object) -> str:
    """All of a docstring in one line."""
    return " ".join(inspect.cleandoc(str(thing.__doc__ or "")).split())


def prose(package: object) -> str:
    """The docstring of a package in one line, without its list of modules."""
    paragraphs = inspect.cleandoc(str(package.__doc__ or "")).split("\n\n")
    return " ".join(" ".join(each.split()) for each in paragraphs if not MODULE.match(each))


def summary(thing: object) -> str:
    """The first paragraph of a docstring in one line, without the full stop."""
    first = inspect.cleandoc(str(thing.__doc__ or "")).split("\n\n")[0]
    return " ".join(first.split()).removesuffix(".")


def page(*blocks: Iterable[str] | str) -> str:
    """Blocks of lines as the text of a page."""
    lines: list[str] = []
    for block in blocks:
        lines += [block] if isinstance(block, str) else block
    return "\n".join(lines).rstrip("\n") + "\n"
