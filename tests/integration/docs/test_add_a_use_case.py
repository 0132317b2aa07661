"""The recipe for a use case shows code that exists, and its commands work."""

import importlib.util
import re
from pathlib import Path

import pytest

from tests.architecture import tree
from tests.integration.docs import reader, walkthrough

PAGE = tree.ROOT / "docs" / "how-to" / "add-a-use-case.md"
EXCERPT = re.compile(r"^```python\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEFT_OUT = "..."


def _first_missing(excerpt: str, code: str) -> str | None:
    """Return the first line of the excerpt that the code does not have in its turn, or None."""
    lines = iter(code.splitlines())
    for wanted in excerpt.splitlines():
        if wanted.strip() in {"", LEFT_OUT}:
            continue
        if wanted not in lines:
            return wanted
    return None


def test_every_excerpt_is_in_the_file_that_it_names() -> None:
    text = PAGE.read_text("utf-8")
    excerpts = EXCERPT.findall(text)
    assert len(excerpts) == text.count("```python") >= 8
    for path, excerpt in excerpts:
        missing = _first_missing(excerpt, (tree.ROOT / path).read_text("utf-8"))
        assert missing is None, f"{path} has no line {missing!r}, or in another place"


@pytest.mark.parametrize(
    ("excerpt", "missing"),
    [
        ("a\n...\nc", None),
        ("    b", None),
        ("c\na", "a"),
        ("b", "b"),
    ],
)
def test_lines_of_an_excerpt_are_whole_lines_in_order(excerpt: str, missing: str | None) -> None:
    assert _first_missing(excerpt, "a\n    b\nc\n") == missing


def test_the_commands_print_what_the_page_shows(tmp_path: Path) -> None:
    for name in (".venv", "tests", *tree.LAYERS):
        (tmp_path / name).symlink_to(tree.ROOT / name)
    for part in walkthrough.read_parts(PAGE):
        printed = reader.run(part.script, folder=tmp_path, environment={})
        assert part.expected
        assert walkthrough.first_missing(part.expected, printed) is None, printed


def test_the_commands_that_are_not_run_name_modules_and_folders_that_exist() -> None:
    commands = "".join(COMMAND.findall(PAGE.read_text("utf-8")))
    modules = re.findall(r"python -m ([\w.]+)", commands)
    paths = re.findall(r"(?<= )tests/\S+", commands)
    assert len(modules) >= 2
    assert len(paths) >= 3
    assert [name for name in modules if importlib.util.find_spec(name) is None] == []
    assert [path for path in paths if not (tree.ROOT / path).exists()] == []
