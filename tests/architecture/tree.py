"""The files of the repository as the checks see them: what git knows or would add, parsed once."""

import ast
import functools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("domain", "application", "infrastructure", "interfaces", "projections")


@functools.cache
def files() -> tuple[Path, ...]:
    """Every tracked or new file that is not ignored, relative to the root."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "-c", "-o", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    found = tuple(Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file())
    assert len(found) > 100, "git lists hardly any file: is this a clone?"
    return found


def python_files() -> tuple[Path, ...]:
    """Every Python module, and `ops/ais`, which has no suffix."""
    return tuple(path for path in files() if path.suffix == ".py" or path == Path("ops/ais"))


def layer_files() -> tuple[Path, ...]:
    """The Python modules of the five layers."""
    return tuple(path for path in python_files() if path.parts[0] in LAYERS)


@functools.cache
def text(path: Path) -> str:
    """What stands in the file."""
    return (ROOT / path).read_text("utf-8")


@functools.cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(text(path), str(path))


def module_name(path: Path) -> str:
    """`domain/kernel/money.py` is `domain.kernel.money`; a package is named by its folder."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def text_files() -> Iterator[tuple[Path, str]]:
    """Every file that is text, with its content."""
    for path in files():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            yield path, content.decode("utf-8")


def words_of(name: str) -> list[str]:
    """`BookingDetails` and `booking_details` are both the words booking and details."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [word.lower() for word in spaced.split("_") if word]
