"""What the commands about backups share: the key, progress, results and errors."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec
import psycopg
from cyclopts import Parameter
from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from infrastructure.backup import backup_keys
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.manifest import BackupRefused
from infrastructure.backup.programs import ProgramFailed
from infrastructure.embedded.binaries import BinaryMissing
from infrastructure.embedded.child import AlreadyRunning, ServerFailed
from infrastructure.embedded.leftover import StillRunning
from infrastructure.embedded.private_folder import Vanished
from infrastructure.sealing.master_key import MasterKeyMalformed
from interfaces.cli import running

SETTING = "AIS_BACKUP_KEY"
_FAILURES = (
    *(BackupRefused, ProgramFailed, BinaryMissing, AlreadyRunning, ServerFailed),
    *(StillRunning, Vanished, psycopg.Error, OSError),
)

OwnerDsn = Annotated[
    str, Parameter(name="--dsn", env_var=["AIS_ADMIN_DATABASE_URL", "AIS_DATABASE_URL"])
]
AsJson = Annotated[bool, Parameter(name="--json", negative="")]


def run(command: str, work: Callable[[BackupKeys], int]) -> int:
    """Do the work with the keys of the setting; returns its exit code, or that of its failure."""
    setting = os.environ.get(SETTING, "")
    try:
        keys = backup_keys.parse(setting)
    except MasterKeyMalformed as error:
        reason = error if setting else "it is missing; `ais backup key` makes one"
        print(f"ais {command}: {SETTING}: {reason}", file=sys.stderr)
        return running.USAGE_EXIT
    try:
        return work(keys)
    except _FAILURES as error:
        print(f"ais {command}: {error}", file=sys.stderr)
        return 1


@contextmanager
def progress() -> Iterator[Callable[[str, int], None]]:
    """Show on standard error, if that is a terminal, which file is worked on and how far it is."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal
    ) as bar:
        tasks: dict[str, Any] = {}

        def show(name: str, done: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=None)
            bar.update(tasks[name], completed=done)

        yield show


def print_result(result: msgspec.Struct, lines: list[str], *, as_json: bool) -> None:
    """Print the result as one line of JSON, or in words."""
    if as_json:
        print(msgspec.json.encode(result).decode())
        return
    for line in lines:
        print(line)
