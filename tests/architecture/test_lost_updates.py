"""No assignment reads an attribute or element, awaits, and writes it: what others did is undone.

Ticket numbers were given out twice so: `self._left += await fetch()` reads the list first. The same
over several statements is not found here.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import tree


def lost_updates(module: ast.Module) -> Iterator[ast.stmt]:
    """Yield assignments whose value awaits, to an attribute or element that they read before."""
    for node in ast.walk(module):
        match node:
            case ast.AugAssign(target=ast.Attribute() | ast.Subscript()) if _awaits(node.value):
                yield node
            case ast.Assign(targets=targets) if _awaits(node.value):
                read = {ast.unparse(each) for each in ast.walk(node.value)
                        if isinstance(each, ast.Attribute | ast.Subscript)}  # fmt: skip
                written = {ast.unparse(part) for each in targets for part in _parts(each)}
                if read & written:
                    yield node


def _awaits(value: ast.expr) -> bool:
    return any(isinstance(each, ast.Await) for each in ast.walk(value))


def _parts(target: ast.expr) -> Iterator[ast.expr]:
    return (
        each
        for each in ast.walk(target)
        if isinstance(each, ast.Attribute | ast.Subscript) and isinstance(each.ctx, ast.Store)
    )


@pytest.mark.parametrize("path", tree.layer_files(), ids=str)
def test_no_shared_value_is_read_before_an_await_and_written_after_it(path: Path) -> None:
    found = [
        f"{path}:{each.lineno} {ast.unparse(each)}" for each in lost_updates(tree.parsed(path))
    ]
    assert not found


@pytest.mark.parametrize(
    ("statement", "count"),
    [
        ("self.left += await fetch()", 1),
        ("self.left = self.left + await fetch()", 1),
        ("self.of[key], rest = [*self.of[key], *await fetch()], 1", 1),
        ("left += await fetch()", 0),
        ("self.left = await fetch(self.right)", 0),
        ("self.left += fresh", 0),
    ],
)
def test_such_a_statement_is_found(statement: str, count: int) -> None:
    module = ast.parse(f"async def run(self, key):\n    {statement}\n")
    assert len(list(lost_updates(module))) == count
