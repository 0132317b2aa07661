"""Reads every byte of a backup without a database, and refuses what is damaged."""

from pathlib import Path

from infrastructure.backup import sealed_file
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.dumps import Progress, counted
from infrastructure.backup.manifest import Manifest


def check_files(folder: Path, found: Manifest, keys: BackupKeys, progress: Progress) -> int:
    """Decrypt all listed files; returns their bytes when decrypted. Raises BackupRefused."""
    total = 0
    for file in found.files:
        pieces = sealed_file.opened(folder / file.name, keys, owner=found.id, expected=file)
        total += sum(len(piece) for piece in counted(pieces, file.name, progress))
    return total
