"""Passwords as argon2id, on threads of their own: a login never blocks the event loop.

A password is one text however a keyboard composes it (RFC 8265, 4.2: NFC, and one kind of space).
At most a few hashes run at once (each takes its memory) and a bounded number wait.
"""

import asyncio
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import msgspec
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from application.ports import Unavailable

WAITING_LIMIT = 64
RETRY_AFTER_SECONDS = 2


class Cost(msgspec.Struct, frozen=True):
    """Passes, memory and lanes of argon2id."""

    time_cost: int
    memory_kib: int
    parallelism: int


# ASVS 5.0 appendix C requires at least t=1, m >= 46 MiB, p=1; one more pass is affordable.
PRODUCTION_COST = Cost(time_cost=2, memory_kib=48 * 1024, parallelism=1)
# A thousandth of that: tests sign in thousands of times.
TEST_COST = Cost(time_cost=1, memory_kib=64, parallelism=1)


class Argon2PasswordHasher:
    """`application.identity.ports.PasswordHasher`; `threads` hashes run at once."""

    def __init__(self, *, cost: Cost, threads: int) -> None:
        self._hasher = Argon2Hasher(
            time_cost=cost.time_cost, memory_cost=cost.memory_kib, parallelism=cost.parallelism
        )
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._waiting = 0
        self._dummy_hash = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Return a salted hash; raises Unavailable when too many wait already."""
        with _Place(self):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, self._hasher.hash, _prepared(password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Return whether the hash is of this password; False after the same time for None, and for
        the empty one of an account that was closed."""
        with _Place(self):
            loop = asyncio.get_running_loop()
            same = await loop.run_in_executor(
                self._pool, self._matches, password, stored or self._dummy_hash
            )
        return same and bool(stored)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password: str, stored: str) -> bool:
        if not Argon2Hasher.identify(stored):
            raise UnknownHashError(stored.partition("$")[0])
        return self._hasher.verify(_prepared(password), stored)


def _prepared(password: str) -> str:
    spaced = "".join(" " if unicodedata.category(each) == "Zs" else each for each in password)
    return unicodedata.normalize("NFC", spaced)


class _Place:
    """One of the bounded places in the queue before the threads."""

    def __init__(self, hasher: Argon2PasswordHasher) -> None:
        self._hasher = hasher

    def __enter__(self) -> None:
        if self._hasher._waiting >= WAITING_LIMIT:
            raise Unavailable("password hashing", retry_after_seconds=RETRY_AFTER_SECONDS)
        self._hasher._waiting += 1

    def __exit__(self, *_: object) -> None:
        self._hasher._waiting -= 1
