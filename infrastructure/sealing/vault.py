"""The vault: AES-256-GCM under a key per data subject, kept wrapped in `vault.subject_key`.

Opened keys are cached for at most a minute, so an erasure takes effect within that time in every
process. A box is a nonce (12 bytes) and the ciphertext; the subject id is authenticated with it,
so a box does not open under another subject.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence

import msgspec
import psycopg
import psycopg_pool
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from application.ports import Unavailable, WrappedKey
from domain.kernel.sealed import Sealed
from infrastructure.postgres import pool as pools
from infrastructure.sealing.master_key import NONCE_LENGTH_BYTES, MasterKeys

OPEN_KEY_LIMIT = 20_000
OPEN_KEY_LIFE_SECONDS = 60.0
# A key opened for a decision must still seal the decision's values some seconds later.
SEAL_KEY_LIFE_SECONDS = 2 * OPEN_KEY_LIFE_SECONDS
TAG_LENGTH_BYTES = 16

# The alphabet of RFC 4648 base32hex sorts like the numbers, so ids sort by time.
_ALPHABET = "0123456789abcdefghijklmnopqrstuv"
_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_PAIR_SHIFTS = tuple(range(120, -1, -10))

SELECT_KEYS = "SELECT subject, wrapped FROM vault.subject_key WHERE subject = ANY(%s)"


class BoxTampered(Exception):
    """The subject's key does not open the box: it was altered, cut, or is another subject's."""


class SubjectKeyNotOpen(Exception):
    """The vault was asked to seal for a subject whose key it neither made nor opened recently."""


class _OpenKey(msgspec.Struct, frozen=True):
    cipher: AESGCM
    opened_at: float


class SubjectVault:
    """`application.ports.Vault` over Postgres.

    `monotonic` gives seconds for the life of opened keys, `time_ns` the wall clock in the ids.
    """

    def __init__(
        self,
        pool: pools.Pool,
        keys: MasterKeys,
        *,
        monotonic: Callable[[], float],
        time_ns: Callable[[], int],
    ) -> None:
        self._pool = pool
        self._keys = keys
        self._monotonic = monotonic
        self._time_ns = time_ns
        self._open: OrderedDict[str, _OpenKey] = OrderedDict()

    def new_subject(self) -> tuple[str, WrappedKey]:
        """Return a fresh subject id and its key, to be committed with the first sealed value."""
        randomness = os.urandom(42)
        subject = _subject_id(self._time_ns(), randomness[:10])
        key = randomness[10:]
        wrapped = self._keys.wrap(subject.encode(), key)
        self._remember(subject, key)
        return subject, WrappedKey(subject, wrapped)

    def seal(self, subject: str, plaintext: bytes) -> Sealed:
        """Return ciphertext under the subject's key; raises SubjectKeyNotOpen."""
        entry = self._open.get(subject)
        if entry is None or self._monotonic() - entry.opened_at > SEAL_KEY_LIFE_SECONDS:
            raise SubjectKeyNotOpen(subject)
        nonce = os.urandom(NONCE_LENGTH_BYTES)
        return Sealed(subject, nonce + entry.cipher.encrypt(nonce, plaintext, subject.encode()))

    async def open_all(self, boxes: Sequence[Sealed]) -> list[bytes | None]:
        """Return plaintexts in order, None where the subject was erased; one query for absent keys.

        Raises BoxTampered, KeyUnwrapFailed, and Unavailable when the database does not answer.
        """
        ciphers = {box.subject: self._fresh_cipher(box.subject) for box in boxes}
        missing = [subject for subject, cipher in ciphers.items() if cipher is None]
        if missing:
            for subject, wrapped in await self._fetch(missing):
                ciphers[subject] = self._remember(
                    subject, self._keys.unwrap(subject.encode(), wrapped)
                )
        return [_opened(ciphers[box.subject], box) for box in boxes]

    def forget(self, subjects: Sequence[str]) -> None:
        """Drop the opened keys of these subjects, which were destroyed; other processes drop theirs
        within OPEN_KEY_LIFE_SECONDS."""
        for subject in subjects:
            self._open.pop(subject, None)

    async def _fetch(self, subjects: list[str]) -> list[tuple[str, bytes]]:
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(SELECT_KEYS, (subjects,))
                rows = await cursor.fetchall()
        except (psycopg.OperationalError, psycopg_pool.PoolTimeout) as error:
            raise Unavailable("keys of data subjects") from error
        return [(str(subject), _as_bytes(wrapped)) for subject, wrapped in rows]

    def _fresh_cipher(self, subject: str) -> AESGCM | None:
        entry = self._open.get(subject)
        if entry is None or self._monotonic() - entry.opened_at > OPEN_KEY_LIFE_SECONDS:
            return None
        return entry.cipher

    def _remember(self, subject: str, key: bytes) -> AESGCM:
        """Cache the key; keys are removed in the order in which they were opened."""
        cipher = AESGCM(key)
        opened = self._open
        opened.pop(subject, None)
        now = self._monotonic()
        opened[subject] = _OpenKey(cipher, now)
        while len(opened) > OPEN_KEY_LIMIT:
            opened.popitem(last=False)
        for _ in range(2):  # bounded work per call; two keys are removed for each one added
            oldest, entry = next(iter(opened.items()))
            if now - entry.opened_at <= SEAL_KEY_LIFE_SECONDS:
                break
            del opened[oldest]
        return cipher


def _opened(cipher: AESGCM | None, box: Sealed) -> bytes | None:
    if cipher is None:
        return None
    if len(box.box) < NONCE_LENGTH_BYTES + TAG_LENGTH_BYTES:
        raise BoxTampered(box.subject)
    try:
        return cipher.decrypt(
            box.box[:NONCE_LENGTH_BYTES], box.box[NONCE_LENGTH_BYTES:], box.subject.encode()
        )
    except InvalidTag as error:
        raise BoxTampered(box.subject) from error


def _subject_id(time_ns: int, randomness: bytes) -> str:
    """Return `sub_` and 26 base32hex symbols: 48 bits of milliseconds, then 80 random bits."""
    number = (time_ns // 1_000_000) << 80 | int.from_bytes(randomness, "big")
    return "sub_" + "".join([_PAIRS[number >> shift & 1023] for shift in _PAIR_SHIFTS])


def _as_bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value
