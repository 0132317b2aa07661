"""Identifiers and commit subjects use the words that readers search for.

`counts()` reports how often words of the private dialect occur in identifiers and docstrings.
"""

import ast
import functools
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import tree

# Each is one word of an identifier, or several that follow each other.
REFUSED = frozenset(
    {
        "culprit",
        "desk",
        "former",
        "gave back",
        "gave up",
        "give back",
        "give up",
        "given back",
        "given up",
        "gives back",
        "gives up",
        "giving back",
        "giving up",
        "hear",
        "heard",
        "hears",
        "helper",
        "house",
        "impl",
        "let go",
        "manager",
        "misspelled",
        "misspelt",
        "road",
        "somebody",
        "speaks of",
        "stand in",
        "stands in",
        "tell",
        "telling",
        "tells",
        "told",
        "unfit",
        "untold",
        "util",
        "who waits",
        "whoever",
    }
)
# Refused words that identifiers still have: this set only shrinks.
NOT_YET: frozenset[str] = frozenset()

SUBJECT_LENGTH = 72
# Subjects are checked of the commits after this one.
BASE = "069867d020ee05cc53ca8a3adcd8959d86b74afe"

# What `counts` looks for, in identifiers (as words) and docstrings.
DIALECT = {
    "give up, give back, let go": r"(give|gives|giving|given|gave) (it |them |that )?(up|back)"
    r"|lets? go|letting go",
    "told, tells, hears, speaks of": r"(un)?told|tells?|telling|hears?|heard"
    r"|(speak|speaks|spoke) of",
    "says": r"says?|said",
    "stands in": r"(stand|stands|stood) in",
    "who waits, whoever, somebody": r"who waits|whoever|somebody|anybody",
    "road": r"roads?",
    "what nothing follows from": r"nothing follows",
    "culprit, unfit, misspelled, former": r"culprits?|unfit|misspel\w+|former",
    "the house": r"house",
}


@functools.cache
def refused_in(name: str) -> set[str]:
    """The refused words of an identifier."""
    text = f" {' '.join(tree.words_of(name))} "
    return {each for each in REFUSED if f" {each} " in text or f" {each}s " in text}


def identifiers(parsed: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that a module defines, with its line."""
    for node in ast.walk(parsed):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case ast.ExceptHandler(name=str() as name):
                yield node.lineno, name
            case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
                yield node.lineno, name
            case ast.alias(asname=str() as name):
                yield node.lineno, name


def _modules() -> Iterator[tuple[Path, str]]:
    for path in tree.python_files():
        yield path, path.parent.name if path.stem == "__init__" else path.stem


@functools.cache
def found() -> dict[str, list[str]]:
    """Where refused words occur in identifiers, by word."""
    places: dict[str, list[str]] = {}
    for path, module in _modules():
        names = [(1, module), *identifiers(tree.parsed(path))]
        for line, name in names:
            for word in refused_in(name):
                places.setdefault(word, []).append(f"{path}:{line} {name}")
    return places


def counts() -> Counter[str]:
    """How often each group of the dialect occurs in identifiers and docstrings of all code."""
    result: Counter[str] = Counter()
    for path, module in _modules():
        result += counted(tree.parsed(path)) + _counted_in(module)
    return result


def counted(parsed: ast.Module) -> Counter[str]:
    """How often each group occurs in the identifiers and docstrings of a module."""
    result: Counter[str] = Counter()
    for text in (*(name for _, name in identifiers(parsed)), *_docstrings(parsed)):
        result += _counted_in(text)
    return result


def _counted_in(text: str) -> Counter[str]:
    plain = " ".join(tree.words_of(text) if text.isidentifier() else text.split())
    return Counter(
        {
            group: len(re.findall(rf"\b(?:{pattern})\b", plain, re.IGNORECASE))
            for group, pattern in DIALECT.items()
        }
    )


def _docstrings(parsed: ast.Module) -> Iterator[str]:
    for node in ast.walk(parsed):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield text


def test_refused_words_are_found_in_every_kind_of_name() -> None:
    source = """
def tell(told, *, plain, **helpers):
    for road in plain:
        house = road
    match plain:
        case {"a": culprit}: ...
class OrderDesk:
    unfit: int
    async def give_up(self):
        self.former = 1
import os as util
try: ...
except ValueError as letGo: ...
"""
    names = {name for _, name in identifiers(ast.parse(source))}
    words = {word for name in names for word in refused_in(name)}
    assert words == {
        *("tell", "told", "helper", "road", "house", "culprit", "desk", "unfit", "former", "util"),
        *("give up", "let go"),
    }
    assert refused_in("storyteller") == refused_in("abroad") == refused_in("desktop") == set()


def test_no_identifier_has_a_refused_word() -> None:
    places = found()
    assert {word: where for word, where in places.items() if word not in NOT_YET} == {}


def test_every_exception_to_the_words_is_still_needed() -> None:
    assert found().keys() >= NOT_YET


def test_the_dialect_is_counted_in_identifiers_and_docstrings() -> None:
    source = 'def tell_house(told):\n    """Says who was told.\n\n    It gives them\n    back."""\n'
    assert counted(ast.parse(source)) == {
        "told, tells, hears, speaks of": 3,
        "the house": 1,
        "says": 1,
        "give up, give back, let go": 1,
    }


def _git(*arguments: str) -> str | None:
    """What git prints, or None where there is no history to read."""
    command = ["git", "-c", "safe.directory=*", *arguments]
    try:
        done = subprocess.run(command, cwd=tree.ROOT, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout


def test_the_subject_of_a_commit_fits_a_line() -> None:
    subjects = _git("log", "--no-merges", "--format=%s", f"{BASE}..HEAD")
    if subjects is None:
        pytest.skip("the history does not reach back to the base")
    assert [each for each in subjects.splitlines() if len(each) > SUBJECT_LENGTH] == []
