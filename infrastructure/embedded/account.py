"""The operating system account that a server runs under.

PostgreSQL refuses root, so root lends it `nobody`; no account is ever made.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group to change to; both None means: stay who we are."""

    user: int | None = None
    group: int | None = None

    def own(self, path: Path) -> None:
        """Give the path itself, never what a link points to, to the account."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group, follow_symlinks=False)

    def passes(self, folder: Path) -> bool:
        """Whether the account can go through the folder and all above it, by their modes."""
        if self.user is None:
            return True
        real = folder.resolve()
        return all(above.stat().st_mode & stat.S_IXOTH for above in (real, *real.parents))


def unprivileged() -> Account:
    """`nobody` when we are root, else ourselves."""
    if os.geteuid() != 0:
        return Account()
    entry = pwd.getpwnam("nobody")
    return Account(user=entry.pw_uid, group=entry.pw_gid)
