"""read-models.md: every projection with its tables, the events it reads, its queries and checks."""

import ast
import functools
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from projections import registry
from projections.projection import Projection
from tests.support.reference.markdown import anchor, code, listed, page, prose, summary, table

ROOT = Path(__file__).resolve().parents[3]
READERS = ("interfaces", "application", "projections")
INTRO = """\
# Read models

Generated from `projections/registry.py`, the SQL and the docstrings of `projections` by
`python -m tests.support.reference.pages`; a test fails when they differ.

A read model is a set of tables made from the log, a moment behind it. It can be dropped and rebuilt
at any time: `ais rebuild` fills a new generation beside the live one and then switches to it
([why](../decisions/0010-projections-in-generations.md)). `ais check` compares each with the log, by
a fold that is not the projector's own. Rows and checkpoint are written in one transaction, so that
every event counts exactly once.

An event that a read model cannot process is **parked** with an alarm, and the other streams go on.
A ledger **stops** instead, because a balance with a hole is wrong. `GET /health/ready` reports
both, and answers made of a read model contain `asOfPosition` and `lagSeconds`. A column with a star
is part of the key of its table.
"""
TABLE = re.compile(r"CREATE TABLE (\w+) \(\n(.*?)\n\)", re.DOTALL)
KEY = re.compile(r"^    (?:(\w+) .*PRIMARY KEY|PRIMARY KEY \((.+)\))", re.MULTILINE)
COLUMN = re.compile(r"^    ([a-z]\w*) (.+?),?$")


def text() -> str:
    """The page."""
    projections = list(registry.ALL.values())
    rows = [
        (
            f"[{each.name}](#{anchor(each.name)})",
            _answers(each),
            "stops" if each.stops_on_poison else "parks it",
        )
        for each in projections
    ]
    head = ("name", "what it answers", "event that it cannot process")
    return page(INTRO, table(head, rows), [line for each in projections for line in _model(each)])


def _model(projection: Projection) -> list[str]:
    package = f"projections.{projection.name}"
    queries = importlib.import_module(f"{package}.queries")
    checker = importlib.import_module(f"{package}.checker")
    return [
        f"## {projection.name}",
        "",
        prose(importlib.import_module(package)),
        "",
        *_tables(projection.table_sql()),
        "Events: " + _tags(projection) + ".",
        "",
        "Queries, used by " + listed(_readers(projection.name)) + ":",
        "",
        *table(("query", "answer"), _queries(queries)),
        f"Checked by `ais check`: {summary(checker)}.",
        "",
    ]


def _answers(projection: Projection) -> str:
    return summary(importlib.import_module(f"projections.{projection.name}"))


def _tables(sql: str) -> list[str]:
    lines = []
    notes = [line.removeprefix("-- ") for line in sql.split("\n") if line.startswith("-- ")]
    if notes:
        lines += [" ".join(notes), ""]
    for name, body in TABLE.findall(sql):
        keys = _keys(body)
        columns = [found.groups() for line in body.split("\n") if (found := COLUMN.match(line))]
        rows = [
            (code(each) + (" *" if each in keys else ""), _type(sort)) for each, sort in columns
        ]
        lines += [f"### Table {name}", "", *table(("column", "type"), rows)]
    return lines


def _keys(body: str) -> list[str]:
    """The columns of the primary key."""
    return [each for one, several in KEY.findall(body) for each in (one or several).split(", ")]


def _type(sql: str) -> str:
    words = re.sub(r' COLLATE "C"| NOT NULL| PRIMARY KEY| CHECK .*', "", sql)
    is_optional = "NOT NULL" not in sql and "PRIMARY KEY" not in sql
    return f"{words}, may be null" if is_optional else words


def _tags(projection: Projection) -> str:
    return ", ".join(f"[{code(tag)}](events.md#{anchor(tag)})" for tag in sorted(projection.tags))


def _queries(module: ModuleType) -> Iterator[tuple[str, str]]:
    for name, function in vars(module).items():
        is_query = inspect.iscoroutinefunction(function) and not name.startswith("_")
        if is_query and function.__module__ == module.__name__:
            yield code(name), summary(function)


def _readers(name: str) -> list[str]:
    """The modules that import the queries of a read model."""
    found = []
    for layer in READERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            if f"projections.{name}.queries" in _imports(path):
                found.append(str(path.relative_to(ROOT)))
    return found


@functools.cache
def _imports(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return frozenset(found)
