"""Decodes Stripe's bracketed form encoding into nested dictionaries; text stays text.

Lists keep their indices as keys (`{"0": …}`): only the parameter check knows which are lists.
"""

import re
from typing import Any
from urllib.parse import parse_qsl

from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import invalid

FIELDS_LIMIT = 1000
DEPTH_LIMIT = 8

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")


def unflatten(text: str) -> Json:
    """Decode `a[b][0]=c` as `{"a": {"b": {"0": "c"}}}`; `a[]=c` takes the next free index."""
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_LIMIT
        )
    except ValueError as error:
        raise invalid("Invalid request body: not a readable form") from error
    tree: Json = {}
    for name, value in pairs:
        _place(tree, name, value)
    return tree


def _place(tree: Json, name: str, value: str) -> None:
    match = _NAME.fullmatch(name)
    if match is None:
        raise invalid(f"Invalid parameter name: {name}", param=name)
    steps = [match.group(1), *_PART.findall(match.group(2))]
    if len(steps) > DEPTH_LIMIT:
        raise invalid(f"Parameter nested too deeply: {name}", param=name)
    node: Any = tree
    for step in steps[:-1]:
        node = node.setdefault(step if step != "" else str(len(node)), {})
        if not isinstance(node, dict):
            raise invalid(f"Invalid object: {name}", param=name)
    last = steps[-1] if steps[-1] != "" else str(len(node))
    if isinstance(node.get(last), dict):
        raise invalid(f"Invalid object: {name}", param=name)
    node[last] = value
