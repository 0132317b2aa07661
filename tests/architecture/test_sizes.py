"""A file can be read top-down once: limits on files, functions and lines."""

import ast
import re
import unicodedata
from pathlib import Path

from tests.architecture import tree

FUNCTION_LINES = 60
FILE_LINES = 400
TEST_FILE_LINES = 500
LINE_LENGTH = 100
# A pragma and its reason may stand past the limit: the formatter does not fold them either.
PRAGMA = re.compile(r"  # (noqa|type: ignore).*")


def _width(line: str) -> int:
    """Columns on a screen: the vowel signs of Arabic stand on their letters."""
    return sum(not unicodedata.combining(letter) for letter in PRAGMA.sub("", line))


def _too_long(path: Path) -> list[str]:
    return [
        f"{path}:{node.lineno} {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree.parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]


def test_no_function_is_longer_than_a_screen() -> None:
    functions = sum(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for path in tree.python_files()
        for node in ast.walk(tree.parsed(path))
    )
    assert functions > 500
    assert [line for path in tree.python_files() for line in _too_long(path)] == []


def test_no_file_grows_past_its_limit() -> None:
    lengths = {path: len(tree.text(path).splitlines()) for path in tree.python_files()}
    assert len(lengths) > 200
    assert {
        str(path): length
        for path, length in lengths.items()
        if length > (TEST_FILE_LINES if path.parts[0] == "tests" else FILE_LINES)
    } == {}


def test_no_line_of_code_is_wider_than_the_limit() -> None:
    checked = [
        path for path in tree.files() if path.suffix in {".py", ".sql"} or path.name == "ais"
    ]
    assert len(checked) > 200
    assert [
        f"{path}:{number}"
        for path in checked
        for number, line in enumerate(tree.text(path).splitlines(), 1)
        if _width(line) > LINE_LENGTH and path.name != "schema.sql"
    ] == []
