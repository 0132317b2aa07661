"""A file of a backup: compressed, then encrypted in chunks, so that its size does not matter.

Layout: MAGIC, id of the key (4 bytes), salt (32), then chunks of AES-256-GCM. The key is derived
(HKDF) for this file from the salt and the file's name. The nonce is the number of the chunk and
whether it is the last, so no chunk can be changed, moved, repeated, left out or cut off, and no
file can take the place of another. (The construction is STREAM, of Hoang, Reyhanitabar, Rogaway
and Vizár, 2015.)
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard
from cryptography.exceptions import InvalidTag

from infrastructure.backup.backup_keys import KEY_ID_LENGTH_BYTES, BackupKeys, BackupKeyUnknown
from infrastructure.backup.manifest import BackupRefused, SealedFile

MAGIC = b"AISBAK1\n"
SALT_LENGTH_BYTES = 32
CHUNK_LENGTH_BYTES = 1024 * 1024
TAG_LENGTH_BYTES = 16
_HEADER_LENGTH_BYTES = len(MAGIC) + KEY_ID_LENGTH_BYTES + SALT_LENGTH_BYTES


def seal(pieces: Iterable[bytes], path: Path, keys: BackupKeys, *, owner: str) -> SealedFile:
    """Write the pieces to a new file, on the disk when this returns.

    `owner` is the id of the backup that the file belongs to; it is authenticated with the name.
    A file that was not finished is removed.
    """
    salt = os.urandom(SALT_LENGTH_BYTES)
    header = MAGIC + keys.newest_id + salt
    cipher = keys.cipher(keys.newest_id, salt=salt, name=_bound(owner, path.name))
    digest = hashlib.sha256(header)
    size = len(header)
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            file.write(header)
            for number, (chunk, is_last) in enumerate(_chunks(_compressed(pieces))):
                sealed = cipher.encrypt(_nonce(number, is_last=is_last), chunk, header)
                file.write(sealed)
                digest.update(sealed)
                size += len(sealed)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return SealedFile(path.name, size, digest.hexdigest())


def opened(path: Path, keys: BackupKeys, *, owner: str, expected: SealedFile) -> Iterator[bytes]:
    """Yield what was sealed; raises BackupRefused, which names the file, for any change of it.

    Nothing of a chunk is yielded before the chunk is authenticated. A cut-off end is noticed at
    the end only: what was yielded counts when the iterator has ended.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size != expected.size:
                raise BackupRefused(path.name, f"its size is not {expected.size} bytes")
            yield from _decompressed(_decrypted(file, path.name, keys, owner, expected.sha256))
    except FileNotFoundError:
        raise BackupRefused(path.name, "it is missing") from None
    except zstandard.ZstdError as error:
        raise BackupRefused(path.name, f"it cannot be decompressed: {error}") from None


def pieces_of(path: Path) -> Iterator[bytes]:
    """Yield a plain file in pieces."""
    with path.open("rb") as file:
        while piece := file.read(CHUNK_LENGTH_BYTES):
            yield piece


def _decrypted(
    file: BinaryIO, name: str, keys: BackupKeys, owner: str, sha256: str
) -> Iterator[bytes]:
    header = file.read(_HEADER_LENGTH_BYTES)
    if len(header) < _HEADER_LENGTH_BYTES or not header.startswith(MAGIC):
        raise BackupRefused(name, "it is not a file of a backup")
    key_id, salt = header[len(MAGIC) : -SALT_LENGTH_BYTES], header[-SALT_LENGTH_BYTES:]
    try:
        cipher = keys.cipher(key_id, salt=salt, name=_bound(owner, name))
    except BackupKeyUnknown as error:
        raise BackupRefused(name, str(error)) from None
    digest = hashlib.sha256(header)
    sealed = iter(lambda: file.read(CHUNK_LENGTH_BYTES + TAG_LENGTH_BYTES), b"")
    for number, (chunk, is_last) in enumerate(_with_last(sealed)):
        digest.update(chunk)
        try:
            yield cipher.decrypt(_nonce(number, is_last=is_last), chunk, header)
        except InvalidTag:
            at = _HEADER_LENGTH_BYTES + number * (CHUNK_LENGTH_BYTES + TAG_LENGTH_BYTES)
            raise BackupRefused(name, f"it was changed at or behind byte {at}") from None
    if digest.hexdigest() != sha256:
        raise BackupRefused(name, "it is not the file that the manifest lists")


def _chunks(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield chunks of equal length, the last one marked and possibly shorter; at least one."""
    buffered = bytearray()
    for piece in pieces:
        buffered += piece
        while len(buffered) > CHUNK_LENGTH_BYTES:
            yield bytes(buffered[:CHUNK_LENGTH_BYTES]), False
            del buffered[:CHUNK_LENGTH_BYTES]
    yield bytes(buffered), True


def _with_last(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    current = next(chunks, b"")
    for following in chunks:
        yield current, False
        current = following
    yield current, True


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zstandard.ZstdCompressor().compressobj()
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()


def _decompressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    for chunk in chunks:
        yield decompressor.decompress(chunk)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _bound(owner: str, name: str) -> str:
    return f"{owner}/{name}"
