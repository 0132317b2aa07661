"""Private folders outside a data directory; only that directory records their names.

A name in a shared folder such as /tmp is never predictable or reused from others: mkdtemp makes
it, the data directory records it, and it is used again only if it still belongs to us.
"""

import os
import re
import stat
import tempfile
from pathlib import Path

from infrastructure.embedded.account import Account

# /tmp itself, because TMPDIR may be too long for a socket.
SHORT_BASE = Path("/tmp")  # noqa: S108 - mkdtemp makes a private folder in it
# Survives a reboot; /tmp may not.
LASTING_BASE = Path("/var/tmp")  # noqa: S108 - mkdtemp makes a private folder in it
# sockaddr_un holds 108 bytes on Linux and 104 elsewhere, including the final zero.
SOCKET_LIMIT = 103
# libpq and the server read other characters in a folder's name as lists and quotes.
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")


class Vanished(Exception):
    """The recorded folder is missing or belongs to another account; the message names it."""


def remembered(record: Path, account: Account) -> Path | None:
    """Return the folder that `record` names; None without a record; raises Vanished."""
    if not record.exists():
        return None
    folder = Path(record.read_text(encoding="utf-8").strip())
    if not _is_ours(folder, account):
        raise Vanished(f"{folder}, recorded in {record}, is missing or belongs to another account")
    return folder


def make(record: Path, base: Path) -> Path:
    """Return a new folder in `base` with mode 0700; `record` names it before it is used."""
    folder = Path(tempfile.mkdtemp(prefix="ais-", dir=base))
    unfinished = record.with_name(f"{record.name}.unfinished")
    unfinished.write_text(str(folder), encoding="utf-8")
    unfinished.replace(record)
    return folder


def socket_folder(preferred: Path, *, socket_name: str, record: Path, account: Account) -> Path:
    """Return `preferred` if a socket fits and its name is plain, else a short folder; mode 0700.

    A previous server of this data directory must have ended: its files there are deleted.
    """
    path = str(preferred / socket_name)
    if len(os.fsencode(path)) <= SOCKET_LIMIT and _PLAIN.fullmatch(path):
        folder = preferred
        folder.mkdir(mode=0o700, exist_ok=True)
    else:
        try:
            known = remembered(record, account)
        except Vanished:  # it contained nothing but a socket
            known = None
        folder = known or make(record, SHORT_BASE)
    account.own(folder)
    _clear(folder, socket_name)
    return folder


def forget_sockets(folder: Path, *, socket_name: str, record: Path) -> None:
    """Remove a short socket folder and its record; a folder beside the data stays."""
    if record.exists():
        _clear(folder, socket_name)
        folder.rmdir()
        record.unlink()


def _clear(folder: Path, socket_name: str) -> None:
    """Delete a dead server's socket and its lock, which contains a process id like a pid file."""
    for name in (socket_name, f"{socket_name}.lock"):
        (folder / name).unlink(missing_ok=True)


def _is_ours(folder: Path, account: Account) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    owners = {os.geteuid(), account.user}
    return stat.S_ISDIR(found.st_mode) and found.st_uid in owners
