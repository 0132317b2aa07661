"""The keys that encrypt backups: the setting lists them from newest to oldest.

The first encrypts, all decrypt, so that a new one can be put in front. They are none of the keys
that the product uses: who steals a backup has neither these nor the master keys.
"""

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infrastructure.sealing import master_key

KEY_ID_LENGTH_BYTES = 4


class BackupKeyUnknown(Exception):
    """The backup was encrypted with a key that the setting does not contain."""


class BackupKeys:
    """Derives one cipher for each file and one key for manifests from the keys of the setting."""

    __slots__ = ("_by_id", "newest_id")

    def __init__(self, keys: Sequence[bytes]) -> None:
        assert keys
        self._by_id = {_key_id(key): key for key in keys}
        self.newest_id = _key_id(keys[0])

    def cipher(self, key_id: bytes, *, salt: bytes, name: str) -> AESGCM:
        """Return the cipher of one file; raises BackupKeyUnknown."""
        return AESGCM(_derived(self._key(key_id), salt, f"ais backup file {name}"))

    def authenticate(self, key_id: bytes, text: bytes) -> str:
        """Return the code (HMAC-SHA256, in hex) of a manifest; raises BackupKeyUnknown."""
        key = _derived(self._key(key_id), None, "ais backup manifest")
        return hmac.new(key, text, hashlib.sha256).hexdigest()

    def _key(self, key_id: bytes) -> bytes:
        if key_id not in self._by_id:
            raise BackupKeyUnknown(f"no key of AIS_BACKUP_KEY has the id {key_id.hex()}")
        return self._by_id[key_id]

    def __repr__(self) -> str:
        return f"BackupKeys({len(self._by_id)} keys)"


def parse(setting: str) -> BackupKeys:
    """Read `AIS_BACKUP_KEY`: base64url keys of 32 bytes, newest first.

    Raises MasterKeyMalformed.
    """
    return BackupKeys(master_key.decoded(setting))


def _derived(key: bytes, salt: bytes | None, purpose: str) -> bytes:
    info = purpose.encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(key)


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"ais backup key id" + key).digest()[:KEY_ID_LENGTH_BYTES]
