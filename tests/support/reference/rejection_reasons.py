"""Which `reason` values the code gives with each rejection and problem, read from the source.

A text in the call is found, also through a variable, a function of the same module that returns it,
or a function that passes its own `reason` on. What comes from a type is in `STATED`.
"""

import ast
import functools
import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, get_args

import application
import domain
import infrastructure
from application.identity import client_ports
from application.identity.account_ports import RoleOutcome
from domain.booking.values import DocumentReason
from domain.credit.credits import NEVER_PAID_OUT
from domain.kernel.rejections import Rejection
from domain.payment.dispute_state import UNDECIDED, DisputeStage
from domain.payment.external_refunds import PAYABLE
from domain.payment.state import LIVE, NOT_REFUNDED, AttemptStatus, RefundStatus
from domain.reconciliation.state import BreakStatus
from interfaces import http

SOURCES = (domain, application, infrastructure, http)
# Of an exception that the interface answers as a problem with this code, or of its own functions.
PROBLEMS = {"NotGenuine": "VALIDATION_ERROR", "invalid": "VALIDATION_ERROR"}
VALUE = "…"
# Reasons that are values of a type; what the source has of them with a value within is left out.
STATED: Mapping[str, Iterable[str]] = {
    "DocumentMissing": get_args(DocumentReason),
    "PayoutRefused": NEVER_PAID_OUT,
    "GiftCardNotClaimable": ("claimed", "refunded"),
    "GiftCardNotRefundable": ("claimed",),
    "GiftCodeNotResent": ("claimed", "refunded"),
    "RefundNotFailed": set(RefundStatus) - NOT_REFUNDED,
    "RefundNotPayable": set(RefundStatus) - PAYABLE,
    "BreakNotOpen": set(get_args(BreakStatus)) - {"open"},
    "DisputeNotOpen": set(DisputeStage) - UNDECIDED | {DisputeStage.INQUIRY},
    "RoleNotChanged": set(get_args(RoleOutcome)) - {"done", "unknown_user", "not_admin"},
    "SessionEnded": {f"session_{each.value}" for each in set(AttemptStatus) - LIVE},
    "TooManyUnpaidSeats": ("unpaid_seats_account", "unpaid_seats_address"),
}
STATED_PROBLEMS: Mapping[str, Iterable[str]] = {
    "VALIDATION_ERROR": get_args(client_ports.Refusal),
    "UNAUTHORIZED": ("invalid_client",),
}
# A function: the module where it has this name only, or None; and its name.
Passed = tuple[Path | None, str]


class Module(NamedTuple):
    """A source with what its names may be."""

    path: Path
    tree: ast.Module
    constants: Mapping[str, set[str]]
    returned: Mapping[str, list[ast.expr]]


Function = ast.FunctionDef | ast.AsyncFunctionDef
Call = tuple[Module, Function | None, ast.Call]


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
    found = {
        each.__name__: _given().get(each.__name__, set()) | ({each.reason} - {None})
        for each in rejections()
    }
    for name, stated in STATED.items():
        found[name] = {each for each in found[name] if VALUE not in each} | {*map(str, stated)}
    return {name: sorted(reasons) for name, reasons in found.items()}


@functools.cache
def reasons_of_problems() -> dict[str, list[str]]:
    """Reasons by code, of the problems that the HTTP interface raises by itself."""
    found = {code: {*map(str, stated)} for code, stated in STATED_PROBLEMS.items()}
    for name, code in PROBLEMS.items():
        found.setdefault(code, set()).update(_given().get(name, ()))
    for module, function, call in _calls():
        if _name(call.func) == "Problem" and call.args and isinstance(call.args[0], ast.Constant):
            for value in _details(call):
                texts = _texts(value, module, function)
                found.setdefault(str(call.args[0].value), set()).update(texts)
    return {code: sorted(reasons) for code, reasons in found.items() if reasons}


@functools.cache
def all_reasons() -> dict[str, set[str]]:
    """Reasons by code."""
    found = {code: {*reasons} for code, reasons in reasons_of_problems().items()}
    for each in rejections():
        reasons = reasons_of_rejections()[each.__name__]
        found.setdefault(each.code, set()).update(reasons)
    return {code: reasons for code, reasons in found.items() if reasons}


def places() -> Iterator[tuple[str, type[Rejection], set[str | None]]]:
    """Where a rejection is made, its class, and the names that are given; None is a mapping."""
    known = {each.__name__: each for each in rejections()}
    for module, _, call in _calls():
        if found := known.get(_name(call.func)):
            yield f"{module.path}:{call.lineno}", found, {each.arg for each in call.keywords}


@functools.cache
def unread() -> set[tuple[str, str]]:
    """Module and name of calls with a reason of which the source does not say what it may be."""
    known = {*PROBLEMS, "Problem", *(each.__name__ for each in rejections())} - STATED.keys()
    found = set()
    for module, function, call in _calls():
        name = _name(call.func)
        if name not in known:
            continue
        passed_on = function is not None and "reason" in _arguments(function)
        for value in (*_reason_of(call, name, None), *_details(call)):
            if not passed_on and not _texts(value, module, function):
                found.add((module.path.stem, name))
    return found


@functools.cache
def _given() -> dict[str, set[str]]:
    """Reasons by name of the class, or of the function of `PROBLEMS`, that is called with them."""
    known = {*PROBLEMS, *(each.__name__ for each in rejections())}
    passing = _passing(known)
    found: dict[str, set[str]] = {}
    for module, function, call in _calls():
        name = _name(call.func)
        own = passing.get((module.path, name)) or passing.get((None, name))
        for value in _reason_of(call, name, own):
            target = own[0] if own is not None else name
            if target in known:
                found.setdefault(target, set()).update(_texts(value, module, function))
    return found


def _passing(known: set[str]) -> dict[Passed, tuple[str, int]]:
    """Functions that give their own `reason` to a rejection: its class, and the place of the
    argument.
    """
    found: dict[Passed, tuple[str, int]] = {}
    for module, function, call in _calls():
        if function is None or _name(call.func) not in known - {"invalid"}:
            continue
        arguments = _arguments(function)
        given = [each.value for each in call.keywords if each.arg == "reason"]
        is_own = any(isinstance(each, ast.Name) and each.id == "reason" for each in given)
        if is_own and "reason" in arguments:
            private = function.name.startswith("_")
            place = (module.path if private else None, function.name)
            found[place] = (_name(call.func), arguments.index("reason"))
    return found


def _arguments(function: Function) -> list[str]:
    return [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]


def _reason_of(call: ast.Call, name: str, own: tuple[str, int] | None) -> Iterator[ast.expr]:
    yield from (each.value for each in call.keywords if each.arg == "reason")
    place = own[1] if own is not None else {"invalid": 1, "NotGenuine": 0}.get(name)
    if place is not None and len(call.args) > place:
        yield call.args[place]


def _details(call: ast.Call) -> Iterator[ast.expr]:
    for keyword in call.keywords:
        if keyword.arg == "details" and isinstance(keyword.value, ast.Dict):
            for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "reason":
                    yield value


@functools.cache
def _calls() -> list[Call]:
    """Every call in the sources, with its module and the function that it is in."""
    found: list[Call] = []
    for package in SOURCES:
        for path in _files(package):
            tree = ast.parse(path.read_text("utf-8"))
            module = Module(path, tree, _assigned(tree.body), _returned(tree))
            within = {
                id(node): function
                for function in ast.walk(tree)
                if isinstance(function, Function)
                for node in ast.walk(function)
            }
            calls = (each for each in ast.walk(tree) if isinstance(each, ast.Call))
            found += [(module, within.get(id(each)), each) for each in calls]
    return found


def _files(package: ModuleType) -> list[Path]:
    return sorted(Path(package.__path__[0]).rglob("*.py"))


def _assigned(nodes: Iterable[ast.AST]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, set()).update(_written(node.value))
    return found


def _returned(tree: ast.Module) -> dict[str, list[ast.expr]]:
    return {
        function.name: [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Return) and node.value is not None
        ]
        for function in ast.walk(tree)
        if isinstance(function, Function)
    }


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _texts(value: ast.expr, module: Module, function: Function | None) -> set[str]:
    """The texts that a value may be, as far as the source of its module says."""
    if isinstance(value, ast.Name):
        local = {} if function is None else _assigned(ast.walk(function))
        calls = [] if function is None else _sources(value.id, function)
        named = {_name(each.func) for each in calls}
        returned = [each for name in named for each in module.returned.get(name, ())]
        texts = {text for each in returned for text in _written(each)}
        texts |= local.get(value.id, set()) | module.constants.get(value.id, set())
        return texts or _imported(value.id)
    return _written(value)


def _imported(name: str) -> set[str]:
    """The texts of a constant of any module."""
    modules = {id(module): module for module, _, _ in _calls()}.values() if name.isupper() else ()
    return {text for each in modules for text in each.constants.get(name, ())}


def _sources(name: str, function: Function) -> list[ast.Call]:
    """The calls whose results the function gives this name."""
    return [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and any(isinstance(each, ast.Name) and each.id == name for each in node.targets)
    ]


def _written(value: ast.expr) -> set[str]:
    match value:
        case ast.Constant(value=str() as text):
            return {text}
        case ast.IfExp(body=body, orelse=other):
            return _written(body) | _written(other)
        case ast.JoinedStr(values=parts):
            texts = [str(part.value) if isinstance(part, ast.Constant) else VALUE for part in parts]
            return {"".join(texts)}
        case _:
            return set()
