"""Every `file.py::name` in the documents is a function, class, method or constant that exists."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture import tree

PAGES = sorted((tree.ROOT / "docs").rglob("*.md"))
REFERENCE = re.compile(r"`([\w/]+\.py)::([\w.]+)`")


def _names(body: list[ast.stmt], prefix: str = "") -> set[str]:
    """The names that statements define, those of a class as `Class.name`."""
    found: set[str] = set()
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found.add(prefix + node.name)
            case ast.ClassDef():
                found.add(prefix + node.name)
                found |= _names(node.body, f"{prefix}{node.name}.")
            case ast.Assign():
                found |= {prefix + each.id for each in node.targets if isinstance(each, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(prefix + name)
    return found


def _missing(text: str, root: Path) -> list[str]:
    missing = []
    for file, name in REFERENCE.findall(text):
        path = root / file
        if not path.is_file() or name not in _names(ast.parse(path.read_text("utf-8")).body):
            missing.append(f"{file}::{name}")
    return missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_function_that_a_page_names_exists(page: Path) -> None:
    assert _missing(page.read_text("utf-8"), tree.ROOT) == []


def test_the_two_paths_name_their_functions() -> None:
    text = (tree.ROOT / "docs/explanation/one-request.md").read_text("utf-8")
    assert len(REFERENCE.findall(text)) >= 20


def test_a_name_that_does_not_exist_is_found(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("class A:\n    def b(self): ...\n\nC = 1\n")
    text = "`one.py::A.b` `one.py::C` `one.py::A.c` `two.py::A`"
    assert _missing(text, tmp_path) == ["one.py::A.c", "two.py::A"]
