"""The operating system account that a server runs under.

PostgreSQL refuses to run as root, so root runs it as `nobody`; no account is ever created.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group to change to; both None means: keep the current account."""

    user: int | None = None
    group: int | None = None

    def own(self, path: Path) -> None:
        """Make the account own the path itself, never the target of a link."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group, follow_symlinks=False)

    def passes(self, folder: Path) -> bool:
        """Return whether the account can go through the folder and all above it, by their modes."""
        if self.user is None:
            return True
        real = folder.resolve()
        return all(above.stat().st_mode & stat.S_IXOTH for above in (real, *real.parents))


def unprivileged() -> Account:
    """Return `nobody` when this process runs as root, else the current account."""
    if os.geteuid() != 0:
        return Account()
    entry = pwd.getpwnam("nobody")
    return Account(user=entry.pw_uid, group=entry.pw_gid)
