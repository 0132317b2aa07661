"""What every module has and none has: a docstring, absolute imports, no unfinished business."""

import ast
import re

from tests.architecture import tree

UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")


def test_every_module_says_what_it_owns() -> None:
    modules = [
        path
        for path in tree.python_files()
        if not (path.parts[0] == "tests" and path.name == "__init__.py")
    ]
    assert len(modules) > 200
    silent = [path for path in modules if not (ast.get_docstring(tree.parsed(path)) or "").strip()]
    assert [str(path) for path in silent] == []


def test_a_package_of_the_layers_is_its_docstring_and_nothing_else() -> None:
    packages = [path for path in tree.layer_files() if path.name == "__init__.py"]
    assert len(packages) > 25
    wrong = [
        path
        for path in packages
        if len(tree.parsed(path).body) != 1 or not ast.get_docstring(tree.parsed(path))
    ]
    assert [str(path) for path in wrong] == []


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for path in tree.python_files() if path.suffix == ".py"}
    assert len(folders) > 25
    missing = [
        str(folder) for folder in folders if not (tree.ROOT / folder / "__init__.py").is_file()
    ]
    assert missing == []


def test_imports_are_absolute_and_never_starred() -> None:
    imports = [
        (path, node)
        for path in tree.python_files()
        for node in ast.walk(tree.parsed(path))
        if isinstance(node, ast.ImportFrom)
    ]
    assert len(imports) > 500
    assert [
        f"{path}:{node.lineno}"
        for path, node in imports
        if node.level > 0 or any(alias.name == "*" for alias in node.names)
    ] == []


def test_nothing_is_left_for_later_in_a_comment() -> None:
    checked = 0
    found = []
    for path, content in tree.text_files():
        checked += 1
        for number, line in enumerate(content.splitlines(), 1):
            if UNFINISHED.search(line):
                found.append(f"{path}:{number}")
    assert checked > 200
    assert found == []
