"""The docstring of a package lists what is inside: `name: one line` for each module."""

import ast
import re
from pathlib import Path

from tests.architecture import tree

# Packages whose docstrings list nothing yet: this set only shrinks.
TO_DO = frozenset(
    {
        "application",
        "application/booking",
        "application/identity",
        "application/inventory",
        "application/payment",
        "application/pricing",
        "interfaces",
        "interfaces/http",
    }
)
LISTED = re.compile(r"^([a-z_]\w*): \S", re.MULTILINE)


def listed(docstring: str) -> list[str]:
    """The names that a docstring lists."""
    return LISTED.findall(docstring)


def _packages() -> list[Path]:
    return [path.parent for path in tree.layer_files() if path.name == "__init__.py"]


def _inside(package: Path) -> set[str]:
    """The modules and packages of a package."""
    modules = {path.stem for path in tree.layer_files() if path.parent == package}
    return (modules - {"__init__"}) | {each.name for each in _packages() if each.parent == package}


def _problems(package: Path) -> list[str]:
    docstring = ast.get_docstring(tree.parsed(package / "__init__.py")) or ""
    names, inside = listed(docstring), _inside(package)
    return [
        *(f"{package}: {name} is not listed" for name in sorted(inside.difference(names))),
        *(f"{package}: {name} is not inside" for name in names if name not in inside),
        *(f"{package}: {name} is listed twice" for name in set(names) if names.count(name) > 1),
    ]


def test_names_at_the_beginning_of_a_line_are_listed() -> None:
    text = "Rules.\n\nprice: what it costs\nVocabulary: *a*\nrules:\n  fees: indented\n"
    assert listed(text) == ["price"]


def test_a_package_lists_each_of_its_modules_once() -> None:
    packages = [each for each in _packages() if str(each) not in TO_DO]
    assert len(packages) > 20
    assert [line for package in packages for line in _problems(package)] == []


def test_every_package_that_is_still_to_do_exists_and_is_not_done() -> None:
    packages = {str(package) for package in _packages()}
    assert packages >= TO_DO
    assert [name for name in TO_DO if not _problems(Path(name))] == []
