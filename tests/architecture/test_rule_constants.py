"""A rule that an airline would change is a policy: no new constant of the domain holds one."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture import tree
from tests.support.rule_constants import FIXED, STILL_CONSTANTS, TO_BE_MOVED, WITHOUT_RULES


def _figures(module: ast.Module) -> Iterator[str]:
    """The names of module constants whose value contains a number."""
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [each.id for each in targets if isinstance(each, ast.Name)]
            if any(
                isinstance(each, ast.Constant) and type(each.value) in {int, float}
                for each in ast.walk(node.value)
            ):
                yield from (name for name in names if name.strip("_").isupper())


def _found() -> set[str]:
    return {
        f"{path.relative_to('domain')} {name}"
        for path in tree.layer_files()
        if path.parts[0] == "domain" and path.parts[1] not in WITHOUT_RULES
        for name in _figures(tree.parsed(path))
    }


def test_every_constant_with_a_figure_is_a_policy_to_be_or_none() -> None:
    """Is a new one a rule that an airline would change? Then it is a value of a policy."""
    found = _found()
    assert found - TO_BE_MOVED.keys() - FIXED.keys() == set()


def test_what_has_been_moved_is_listed_no_longer() -> None:
    listed = TO_BE_MOVED.keys() | FIXED.keys()
    assert listed - _found() == set()
    assert not TO_BE_MOVED.keys() & FIXED.keys()
    assert len(TO_BE_MOVED) == STILL_CONSTANTS, "lower it when a constant is moved; never raise it"


def test_a_new_constant_would_be_found() -> None:
    source = "FEE_PERCENT = 5\n_WAIT: dt.timedelta = hours(2)\nNAME = 'x'\nFLAG = True\n"
    assert list(_figures(ast.parse(source))) == ["FEE_PERCENT", "_WAIT"]
    assert Path("domain/pricing/tax.py") in tree.layer_files()
