"""Which `reason` values the code gives with each rejection, read from the source.

A reason that is not written as a constant where the rejection is made is not found here.
"""

import ast
import functools
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import application
import domain
from domain.kernel.rejections import Rejection
from interfaces import http

SOURCES = (domain, application, http)


def rejections() -> list[type[Rejection]]:
    """Every rejection of domain and application, by module and name."""
    for package in (domain, application):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    found: list[type[Rejection]] = []
    pending = Rejection.__subclasses__()
    while pending:
        each = pending.pop()
        pending += each.__subclasses__()
        if each.__module__.partition(".")[0] in {"domain", "application"}:
            found.append(each)
    return sorted(found, key=lambda each: (each.__module__, each.__name__))


@functools.cache
def reasons_of_rejections() -> dict[str, list[str]]:
    """Reasons by name of the rejection class."""
    found: dict[str, set[str]] = {
        each.__name__: set() if each.reason is None else {each.reason} for each in rejections()
    }
    for call, constants in _calls():
        if (name := _name(call.func)) in found:
            found[name] |= _reasons(call.keywords, constants)
    return {name: sorted(reasons) for name, reasons in found.items()}


@functools.cache
def reasons_of_problems() -> dict[str, list[str]]:
    """Reasons by code, of the problems that the HTTP interface raises by itself."""
    found: dict[str, set[str]] = {}
    for call, constants in _calls():
        if _name(call.func) == "Problem" and call.args and isinstance(call.args[0], ast.Constant):
            for keyword in call.keywords:
                if keyword.arg == "details" and isinstance(keyword.value, ast.Dict):
                    details = zip(keyword.value.keys, keyword.value.values, strict=True)
                    for key, value in details:
                        if isinstance(key, ast.Constant) and key.value == "reason":
                            code = str(call.args[0].value)
                            found.setdefault(code, set()).update(_texts(value, constants))
    return {code: sorted(reasons) for code, reasons in found.items()}


def places() -> Iterator[tuple[str, type[Rejection], set[str | None]]]:
    """Where a rejection is made, its class, and the names that are given; None is a mapping."""
    known = {each.__name__: each for each in rejections()}
    for package in SOURCES:
        for path in _files(package):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and (found := known.get(_name(node.func))):
                    yield f"{path}:{node.lineno}", found, {each.arg for each in node.keywords}


def _calls() -> Iterator[tuple[ast.Call, dict[str, str]]]:
    """Every call in the sources, with the text constants of its module."""
    for package in SOURCES:
        for path in _files(package):
            tree = ast.parse(path.read_text("utf-8"))
            constants = _constants(tree)
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    yield node, constants


def _files(package: ModuleType) -> list[Path]:
    return sorted(Path(package.__path__[0]).rglob("*.py"))


def _constants(tree: ast.Module) -> dict[str, str]:
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                if isinstance(target, ast.Name) and isinstance(node.value.value, str):
                    found[target.id] = node.value.value
    return found


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _reasons(keywords: list[ast.keyword], constants: dict[str, str]) -> set[str]:
    return {
        text
        for keyword in keywords
        if keyword.arg == "reason"
        for text in _texts(keyword.value, constants)
    }


def _texts(value: ast.expr, constants: dict[str, str]) -> set[str]:
    match value:
        case ast.Constant(value=str() as text):
            return {text}
        case ast.Name(id=name) if name in constants:
            return {constants[name]}
        case ast.IfExp(body=body, orelse=other):
            return _texts(body, constants) | _texts(other, constants)
        case ast.JoinedStr(values=parts):
            texts = [str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts]
            return {"".join(texts)}
        case _:
            return set()
