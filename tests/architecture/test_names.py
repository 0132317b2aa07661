"""Names say what a thing is for: words that fit everything are refused in modules and classes."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture import tree

EMPTY_WORDS = frozenset(
    {"manager", "service", "helper", "helpers", "util", "utils", "base", "common"}
    | {"data", "info", "impl"}
)
# Names that hold such a word because the outside world calls it so, with the reason.
ALLOWED: dict[str, str] = dict.fromkeys(
    (
        "special_services",
        "test_special_services",
        "test_special_services_over_http",
        "RequestSpecialService",
        "WithdrawSpecialService",
        "SpecialService",
        "SpecialServiceRefused",
        "SpecialServiceRequest",
        "SpecialServiceRequested",
        "SpecialServiceResponse",
        "SpecialServiceWithdrawn",
    ),
    "IATA's word: special service request (SSR)",
)


def _names(path: Path) -> Iterator[str]:
    yield path.parent.name if path.stem == "__init__" else path.stem
    for node in ast.walk(tree.parsed(path)):
        if isinstance(node, ast.ClassDef):
            yield node.name


def test_words_are_found_in_both_spellings() -> None:
    assert tree.words_of("DataHTTPService2Impl") == ["data", "http", "service2", "impl"]
    assert tree.words_of("_base_utils") == ["base", "utils"]


def test_no_module_and_no_class_has_a_name_that_fits_everything() -> None:
    names = {(path, name) for path in tree.python_files() for name in _names(path)}
    assert len(names) > 300
    assert (
        sorted(
            f"{path}: {name}"
            for path, name in names
            if EMPTY_WORDS.intersection(tree.words_of(name)) and name not in ALLOWED
        )
        == []
    )


def test_every_exception_to_the_names_is_still_needed() -> None:
    names = {name for path in tree.python_files() for name in _names(path)}
    assert set(ALLOWED) <= names


def test_the_name_of_a_layer_means_only_the_layer() -> None:
    folders = {path.parent for path in tree.layer_files()}
    assert len(folders) > 20
    assert [
        str(folder) for folder in folders if set(folder.parts[1:]).intersection(tree.LAYERS)
    ] == []
