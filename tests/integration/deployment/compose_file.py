"""Reads the Compose file as an engine does: anchors, merges, variables of the environment."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[3] / "ops" / "compose"
_VARIABLE = re.compile(r"\$\{(\w+)(:[-?]([^}]*))?\}")


def example() -> dict[str, str]:
    """The variables of `.env.example`."""
    lines = (FOLDER / ".env.example").read_text("utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: text for name, _, text in pairs}


def variables() -> set[str]:
    """The names of all variables that the file reads."""
    return {found[1] for found in _VARIABLE.finditer(_text())}


def read(chosen: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """The file with the variables of the example or those chosen.

    Without the parts that only others refer to.
    """
    values = {**example(), **chosen}

    def value(found: re.Match[str]) -> str:
        given = values.get(found[1], "")
        if not given and (found[2] or "").startswith(":-"):
            return found[3]
        assert given or (found[2] or "").startswith(":-"), f"{found[1]} is not in .env.example"
        return given

    parsed = yaml.safe_load(_VARIABLE.sub(value, _text()))
    return {name: part for name, part in parsed.items() if not name.startswith("x-")}


def with_carriers() -> dict[str, Any]:
    """The file with what `carriers.yaml` adds to it."""
    added = yaml.safe_load((FOLDER / "carriers.yaml").read_text("utf-8"))
    found: dict[str, Any] = _merged(read(), added)
    return found


def _merged(first: Any, second: Any) -> Any:
    """Merge as the specification of Compose says: members by name, lists one after the other."""
    if isinstance(first, list):
        return [*first, *second]
    if not isinstance(first, dict):
        return second
    both = {name: _merged(part, second[name]) for name, part in first.items() if name in second}
    return {**first, **second, **both}


def _text() -> str:
    return (FOLDER / "compose.yaml").read_text("utf-8")
