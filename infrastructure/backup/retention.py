"""Deletes backups that contain keys and are older than erased keys may be kept."""

import datetime as dt
import shutil
from pathlib import Path

from infrastructure.backup import manifest
from infrastructure.backup.backup_keys import BackupKeys


def prune(folder: Path, keys: BackupKeys, now: dt.datetime) -> list[str]:
    """Delete the expired backups in the folder; returns their names.

    Logical backups of the log have no keys and never expire: how long they are kept is the
    archive's matter. Raises BackupRefused for one whose manifest was changed.
    """
    deleted = []
    for place in sorted(folder.iterdir()):
        if not (place / manifest.NAME).is_file():
            continue
        found = manifest.listed(place, keys)
        if found.expires_at is not None and found.expires_at <= now:
            # First what makes it a backup: an interrupted deletion leaves none that seems whole.
            (place / manifest.NAME).unlink()
            shutil.rmtree(place)
            deleted.append(place.name)
    return deleted
