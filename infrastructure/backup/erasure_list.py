"""The list of erasures, kept beside the backups of keys: no restored backup brings a person back.

A backup is older than the erasures after it. They are applied again before the restored database
serves anyone: keys are destroyed and accounts closed; the scheduler ends each erasure as it does
with every one that is under way, and appends its event.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from infrastructure.backup import manifest, sealed_file
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.manifest import BackupRefused, Manifest

FOLDER = "erasures"
_PIECE_BYTES = 1024 * 1024

_DESTROYED = "SELECT subject, destroyed_at FROM vault.destroyed_key ORDER BY subject"
_ERASURES = """
SELECT id, person, reason, requested_by, requested_at
FROM privacy.erasure WHERE closed_at IS NOT NULL ORDER BY id
"""
# No key that is older than this is restored; the list would grow for ever.
_FORGET = "DELETE FROM vault.destroyed_key WHERE destroyed_at < now() - interval '60 days'"
_DESTROY = "DELETE FROM vault.subject_key WHERE subject = ANY (%s)"
_EMPTY = """
UPDATE inbox.stripe_event SET sealed_body = '' WHERE subject = ANY (%s) AND sealed_body <> ''
"""
# A person whom the backup does not know has nothing in it to erase.
_REQUEST = """
INSERT INTO privacy.erasure (id, person, reason, requested_by, requested_at)
SELECT %(id)s, %(person)s, %(reason)s, %(requested_by)s, %(requested_at)s
WHERE EXISTS (SELECT FROM identity.app_user WHERE id = %(person)s)
   OR EXISTS (SELECT FROM ledger.stream_event WHERE stream = %(person)s)
ON CONFLICT DO NOTHING
"""
# The function does nothing for one that is closed already. The scheduler does the steps after it.
_CLOSE = "SELECT privacy.close_account(%s)"


class DestroyedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The id of a data subject whose key is destroyed, and when."""

    subject: str
    destroyed_at: dt.datetime


class Erasure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An erasure that cannot be withdrawn any more: its account is closed."""

    id: str
    person: str
    reason: str
    requested_by: str
    requested_at: dt.datetime


class ErasureList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All erasures up to `written_at`."""

    written_at: dt.datetime
    destroyed: list[DestroyedKey]
    erasures: list[Erasure]


def write(dsn: str, keys_folder: Path, keys: BackupKeys) -> ErasureList:
    """Write the list in place of an earlier one; the earlier one stays until the new one is whole.

    Raises psycopg.Error, OSError.
    """
    found = read_database(dsn)
    folder = keys_folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    list_id = manifest.new_id(found.written_at)
    text = msgspec.json.encode(found)
    name = f"{list_id}.sealed"
    file = sealed_file.seal(_pieces(text), folder / name, keys, owner=list_id)
    written = Manifest(
        key_id=keys.newest_id.hex(),
        id=list_id,
        kind="erasures",
        taken_at=found.written_at,
        files=(file,),
    )
    manifest.write(folder, written, keys)
    for older in folder.glob("*.sealed"):
        if older.name != name:
            older.unlink()
    return found


def read_database(dsn: str) -> ErasureList:
    """Return the erasures that a database knows, as the owner of the schema."""
    with psycopg.connect(dsn) as connection:
        connection.execute(_FORGET)
        connection.commit()
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        row = connection.execute("SELECT now()").fetchone()
        assert row is not None
        destroyed = connection.execute(_DESTROYED).fetchall()
        erasures = connection.execute(_ERASURES).fetchall()
    return ErasureList(
        written_at=row[0],
        destroyed=[DestroyedKey(*each) for each in destroyed],
        erasures=[Erasure(*each) for each in erasures],
    )


def read(keys_folder: Path, keys: BackupKeys, *, taken_at: dt.datetime) -> ErasureList:
    """Return the list that belongs to a backup of this instant, or a newer one.

    Raises BackupRefused for an older list: erasures that it does not know would be undone.
    """
    folder = keys_folder / FOLDER
    found = manifest.read(folder, keys, kinds=("erasures",))
    [file] = found.files
    pieces = sealed_file.opened(folder / file.name, keys, owner=found.id, expected=file)
    read_list = msgspec.json.decode(b"".join(pieces), type=ErasureList)
    if read_list.written_at < taken_at:
        when = f"{read_list.written_at:%Y-%m-%d %H:%M:%S}"
        raise BackupRefused(file.name, f"the list of erasures is of {when}, before the backup")
    return read_list


def apply(connection: psycopg.Connection[Any], found: ErasureList) -> int:
    """Erase again what a restored database still has; returns how many keys that destroyed.

    As the owner of the schema, in the caller's transaction; a repeat has no effect.
    """
    subjects = [each.subject for each in found.destroyed]
    destroyed = connection.execute(_DESTROY, (subjects,)).rowcount
    connection.execute(_EMPTY, (subjects,))
    for erasure in found.erasures:
        connection.execute(_REQUEST, msgspec.structs.asdict(erasure))
        connection.execute(_CLOSE, (erasure.id,))
    return destroyed


def _pieces(text: bytes) -> Iterator[bytes]:
    for start in range(0, len(text), _PIECE_BYTES):
        yield text[start : start + _PIECE_BYTES]
