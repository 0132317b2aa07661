"""The master keys: they wrap the key of each data subject, and secrets are derived from them.

The setting lists keys from newest to oldest: the first wraps, all unwrap. Secrets that stored
values depend on (blind index, fingerprints) are derived from the last key, so that a new first
key changes none of them. The last key may be removed only after those values are made again.
"""

import base64
import binascii
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_LENGTH_BYTES = 32
NONCE_LENGTH_BYTES = 12
KEY_ID_LENGTH_BYTES = 4
KEY_COUNT_LIMIT = 8


class MasterKeyMalformed(ValueError):
    """The setting is not a comma list of base64url keys of 32 bytes; never shows the value."""


class KeyUnwrapFailed(Exception):
    """A wrapped key was made under a removed master key, or it was tampered with."""


class MasterKeys:
    """Wraps and unwraps subject keys (AES-256-GCM, the subject authenticated) and derives secrets.

    A wrapped key is: id of the master key (4 bytes), nonce (12), ciphertext and tag (48).
    """

    __slots__ = ("_by_id", "_derivation_key", "_wrapper", "_wrapper_id")

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        assert keys
        assert all(len(key) == KEY_LENGTH_BYTES for key in keys)
        self._by_id = {_key_id(key): AESGCM(key) for key in keys}
        self._wrapper_id = _key_id(keys[0])
        self._wrapper = self._by_id[self._wrapper_id]
        self._derivation_key = keys[-1]

    def wrap(self, subject: bytes, key: bytes) -> bytes:
        """Return the subject's key, wrapped by the newest master key."""
        nonce = os.urandom(NONCE_LENGTH_BYTES)
        return self._wrapper_id + nonce + self._wrapper.encrypt(nonce, key, subject)

    def unwrap(self, subject: bytes, wrapped: bytes) -> bytes:
        """Return the subject's key; raises KeyUnwrapFailed."""
        cipher = self._by_id.get(wrapped[:KEY_ID_LENGTH_BYTES])
        if cipher is None:
            raise KeyUnwrapFailed("no such master key")
        nonce_end = KEY_ID_LENGTH_BYTES + NONCE_LENGTH_BYTES
        try:
            return cipher.decrypt(
                wrapped[KEY_ID_LENGTH_BYTES:nonce_end], wrapped[nonce_end:], subject
            )
        except (InvalidTag, ValueError) as error:
            raise KeyUnwrapFailed("the wrapped key was tampered with") from error

    def derive(self, purpose: str) -> bytes:
        """Return 32 secret bytes for a named purpose (HKDF-SHA256), from the oldest key."""
        return HKDF(
            algorithm=hashes.SHA256(), length=32, salt=None, info=f"ais {purpose}".encode()
        ).derive(self._derivation_key)

    def __repr__(self) -> str:
        return f"MasterKeys({len(self._by_id)} keys)"


def parse(setting: str) -> MasterKeys:
    """Read `AIS_MASTER_KEY`: base64url keys of 32 bytes separated by commas, newest first."""
    return MasterKeys(decoded(setting))


def decoded(setting: str) -> tuple[bytes, ...]:
    """Return the keys of a list of keys, in its order; raises MasterKeyMalformed."""
    parts = [part.strip() for part in setting.split(",")]
    if len(parts) > KEY_COUNT_LIMIT:
        raise MasterKeyMalformed(f"at most {KEY_COUNT_LIMIT} keys are expected")
    return tuple(_decoded(part) for part in parts)


def generated() -> str:
    """Return a fresh setting of one random key, as `parse` reads it."""
    return base64.urlsafe_b64encode(os.urandom(KEY_LENGTH_BYTES)).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        key = base64.b64decode(
            text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", validate=True
        )
    except (binascii.Error, ValueError):
        raise MasterKeyMalformed("32 bytes in base64url are expected") from None
    if len(key) != KEY_LENGTH_BYTES:
        raise MasterKeyMalformed(f"32 bytes in base64url are expected, not {len(key)}")
    return key


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"ais master key id" + key).digest()[:KEY_ID_LENGTH_BYTES]
