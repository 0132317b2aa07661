"""The lock of the image: what the product needs of the whole lock, without tools and tests.

    python -m tests.support.image_lock    # writes ops/images/requirements.lock

For the platform that it is made on: Linux, as the image.
"""

import importlib.metadata
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
WHOLE = ROOT / "ops" / "requirements.lock"
OF_IMAGE = ROOT / "ops" / "images" / "requirements.lock"
# The books as Parquet are part of the product's image.
EXTRAS = ("parquet",)
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(\[[^\]]*\])?==")


def text() -> str:
    """Return the blocks of the whole lock, hashes included, of what the product needs."""
    needed = _needed()
    blocks = re.split(r"^(?=\S)", WHOLE.read_text("utf-8"), flags=re.MULTILINE)
    chosen = [each for each in blocks if (name := _name(each)) and name in needed]
    assert needed == {_name(each) for each in chosen}, "the lock has not all that is needed"
    return "".join(chosen)


def _name(block: str) -> str | None:
    found = _PINNED.match(block)
    return canonicalize_name(found[1]) if found else None


def _needed() -> set[str]:
    """The names of the product's dependencies, of theirs, and so on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    listed = [*project["dependencies"]]
    for extra in EXTRAS:
        listed += project["optional-dependencies"][extra]
    waiting = [Requirement(each) for each in listed]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        one = waiting.pop()
        key = (canonicalize_name(one.name), frozenset(one.extras))
        if key not in done:
            done.add(key)
            waiting += _below(one)
    return {name for name, _ in done}


def _below(one: Requirement) -> Iterator[Requirement]:
    """What the installed version of this one requires here, with its extras."""
    for line in importlib.metadata.requires(one.name) or ():
        found = Requirement(line)
        extras = one.extras or {""}
        if found.marker is None or any(found.marker.evaluate({"extra": each}) for each in extras):
            yield found


if __name__ == "__main__":
    OF_IMAGE.write_text(text(), "utf-8")
