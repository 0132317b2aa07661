"""rules.md: the numbered rules of the domain, each with the tests that show it."""

import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

import domain
from tests.support.reference.markdown import code, page, table
from tests.support.reference.rule_tests import TESTS

ROOT = Path(__file__).resolve().parents[3] / "tests"
INTRO = """\
# Rules

Generated from the first lines of the packages in `domain`, and from
`tests/support/reference/rule_tests.py`, by `python -m tests.support.reference.pages`; a test fails
when they differ, and when a rule has no test.

The code and these pages name a rule in brackets, such as (M5). Besides the tests listed here,
`tests/support/invariants.py` checks the whole log after every step of
`tests/property/test_booking_machine.py`, in which customers, staff, Stripe and time act at random.
"""
_RULE = re.compile(r"^([A-Z]\d{1,2}) +(\S.*(?:\n {3,}\S.*)*)", re.MULTILINE)


class Rule(msgspec.Struct, frozen=True):
    """A rule: its name, such as `M5`, what it says, and the package that keeps it."""

    name: str
    text: str
    package: str


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Every rule of the domain, package by package."""
    return tuple(
        Rule(name, " ".join(text.split()), package)
        for package, docstring in _packages()
        for name, text in _RULE.findall(docstring)
    )


@functools.cache
def places() -> dict[str, list[str]]:
    """The files of each test, by its name."""
    found: dict[str, list[str]] = {}
    for path in sorted(ROOT.rglob("test_*.py")):
        if ".venv" not in path.parts:
            for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.M):
                found.setdefault(name, []).append(f"tests/{path.relative_to(ROOT)}")
    return found


def text() -> str:
    """The page."""
    blocks: list[list[str]] = []
    for package in dict.fromkeys(each.package for each in rules()):
        rows = [
            (each.name, each.text, "<br>".join(_linked(test) for test in TESTS.get(each.name, ())))
            for each in rules()
            if each.package == package
        ]
        blocks += [[f"## {package}", ""], table(("rule", "what holds", "tests"), rows)]
    return page(INTRO, *blocks)


def _linked(test: str) -> str:
    """The test, with a link to the file that has it."""
    return f"[{code(test)}](../../{places()[test][0]})"


def _packages() -> Iterator[tuple[str, str]]:
    for found in pkgutil.iter_modules(domain.__path__):
        package = importlib.import_module(f"domain.{found.name}")
        yield found.name, inspect.cleandoc(package.__doc__ or "")
