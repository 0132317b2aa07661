"""postings.md: the chart of accounts, and every posting rule with the accounts that it moves."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import FunctionType, ModuleType

import msgspec

import domain.ledger
from domain.ledger import accounts
from tests.support.reference.markdown import code, page, summary, table

INTRO = """\
# Postings

Generated from `domain/ledger` by `python -m tests.support.reference.pages`; a test fails when they
differ. The [ledger](../explanation/ledger.md) explains when each applies, and on which side.

An entry names its rule. Amounts are integers of minor units, debit positive, and an entry sums to
zero in each currency. A contra account reduces revenue.
"""


class PostingRule(msgspec.Struct, frozen=True):
    """A rule: its name in entries, what it posts, and the accounts it may move."""

    name: str
    meaning: str
    accounts: tuple[str, ...]
    place: str


def text() -> str:
    """The page."""
    chart = sorted(accounts.CHART.values(), key=lambda each: each.number)
    rules = sorted(posting_rules(), key=lambda each: each.name)
    return page(
        INTRO,
        ["## Accounts", ""],
        table(
            ("account", "name", "type", "normal side"),
            [(each.number, each.name, each.type, each.normal_side) for each in chart],
        ),
        ["## Rules", ""],
        table(
            ("rule", "what it posts", "accounts", "made in"),
            [
                (code(each.name), each.meaning, ", ".join(each.accounts), code(each.place))
                for each in rules
            ],
        ),
    )


def posting_rules() -> Iterator[PostingRule]:
    """Yield each function of the ledger that makes entries of a rule."""
    for found in pkgutil.iter_modules(domain.ledger.__path__, "domain.ledger."):
        module = importlib.import_module(found.name)
        for name, function in vars(module).items():
            ours = isinstance(function, FunctionType) and function.__module__ == module.__name__
            if ours and not name.startswith("_"):
                names = _names(module, function)
                rules = sorted(each for each in names if each.endswith("_RULE"))
                for rule in rules:
                    yield PostingRule(
                        getattr(module, rule),
                        summary(function),
                        tuple(sorted({getattr(accounts, each) for each in names & _ACCOUNTS})),
                        f"{module.__name__.replace('.', '/')}.py",
                    )


_ACCOUNTS = {
    name
    for name, value in vars(accounts).items()
    if isinstance(value, str) and value in accounts.CHART
}


def _names(module: ModuleType, function: FunctionType) -> set[str]:
    """Names that a function uses, with those of the private functions of its module it calls."""
    tree = ast.parse(inspect.getsource(function))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    called = [
        found
        for each in names
        if each.startswith("_") and isinstance(found := getattr(module, each, None), FunctionType)
    ]
    return names.union(*(_names(module, each) for each in called if each is not function))
