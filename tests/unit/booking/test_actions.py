"""Every action of a capability is part of `availableActions`, by the guard that a decision asks."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

import domain.booking
from domain.booking import actions

ROOT = Path(__file__).resolve().parents[3]
DECIDING = ("domain/booking", "application")


def capabilities() -> list[ModuleType]:
    """The modules of bookings that contribute actions."""
    names = [each.name for each in pkgutil.iter_modules(domain.booking.__path__, "domain.booking.")]
    modules = [importlib.import_module(name) for name in names]
    return [module for module in modules if hasattr(module, "is_open")]


def contributed(module: ModuleType) -> tuple[str, ...]:
    """The actions of one capability."""
    (literal,) = [
        value
        for name, value in vars(module).items()
        if name.endswith("Action") and module.__name__ != actions.__name__
    ]
    return get_args(literal)


def functions(folder: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions of the modules below a folder."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def called(function: ast.AST) -> set[str]:
    """The names of what a function calls, without their modules."""
    return {
        node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    }


def guards_of(module: ModuleType) -> dict[str, set[str]]:
    """By action, the guards that `is_open` of a capability asks."""
    assert module.__file__ is not None
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    (is_open,) = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "is_open"
    ]
    return {
        case.pattern.value.value: {
            node.args[0].id
            for node in ast.walk(case)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "passes"
            and isinstance(node.args[0], ast.Name)
        }
        for match in is_open.body
        if isinstance(match, ast.Match)
        for case in match.cases
        if isinstance(case.pattern, ast.MatchValue)
        and isinstance(case.pattern.value, ast.Constant)
        and isinstance(case.pattern.value.value, str)
    }


def test_the_actions_are_those_of_all_capabilities() -> None:
    parts = [action for module in capabilities() for action in contributed(module)]
    assert len(capabilities()) > 5
    assert sorted(parts) == sorted(get_args(actions.Action))
    assert len(set(parts)) == len(parts)


def test_every_action_is_open_by_a_guard_that_a_decision_asks_too() -> None:
    asked = {
        name
        for folder in DECIDING
        for function in functions(folder)
        if function.name != "is_open"
        for name in called(function)
    }
    for module in capabilities():
        guards = guards_of(module)
        assert set(guards) == set(contributed(module))
        for action, names in guards.items():
            assert len(names) == 1, action
            assert names <= asked, action
