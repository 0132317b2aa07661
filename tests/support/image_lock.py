"""The lock of the image: what the product needs of the whole lock, without tools and tests.

    python -m tests.support.image_lock    # writes ops/images/requirements.lock

For the platform of the image, wherever it is made.
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
PLATFORM = {
    "python_version": "3.11",
    "python_full_version": "3.11.14",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
}
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
    """What the installed version of this one requires on the platform, with its extras."""
    try:
        lines = importlib.metadata.requires(one.name) or ()
    except importlib.metadata.PackageNotFoundError:
        # Needed by the image only, such as what newer Pythons have themselves: those need nothing.
        return
    for line in lines:
        found = Requirement(line)
        for extra in one.extras or {""}:
            if found.marker is None or found.marker.evaluate({**PLATFORM, "extra": extra}):
                yield found
                break


if __name__ == "__main__":
    OF_IMAGE.write_text(text(), "utf-8")
