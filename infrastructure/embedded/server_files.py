"""Places the files of a PostgreSQL server where the account it runs under can reach them.

Only folders that this process created ever get another mode or owner.
"""

from dataclasses import dataclass
from pathlib import Path

from infrastructure.embedded import private_folder
from infrastructure.embedded.account import Account

# In a server's directory: names the folder that its files are in, if they are not beside it.
RECORD = "postgres.place"


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """`place` is ours and passable; `home` in it belongs to the server's account, mode 0700."""

    place: Path
    home: Path

    @property
    def data(self) -> Path:
        """The data directory that initdb creates."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """The output of initdb and the server; outside `home`; only we may write there."""
        return self.place / "postgres.log"


def make_folder(directory: Path, account: Account) -> None:
    """Create the directory if missing, passable if another account must go through."""
    if not directory.exists():
        directory.mkdir(parents=True)
        directory.chmod(0o700 if account.user is None else 0o711)


def prepare(directory: Path, account: Account) -> ServerFiles:
    """Return the server's files under `directory`, or in a private folder that it records.

    Raises Vanished when the recorded folder is missing, and the data with it.
    """
    record = directory / RECORD
    place = private_folder.remembered(record, account)
    if place is None:
        place = directory
        if not account.passes(directory):
            place = private_folder.make(record, private_folder.LASTING_BASE)
            place.chmod(0o711)
    home = place / "postgres"
    if not home.exists():
        home.mkdir(mode=0o700)
        account.own(home)
    return ServerFiles(place=place, home=home)
