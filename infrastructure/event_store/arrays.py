"""Arrays for the append in Postgres' binary wire format, packed here.

psycopg adapts a list element by element in Python; with 64 bookings in a batch that took longer
than the append itself. These types are packed with a join and sent as they are.
"""

import struct
import uuid
from collections.abc import Sequence

from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

TEXT_OID, TEXT_ARRAY_OID = 25, 1009
BYTEA_OID, BYTEA_ARRAY_OID = 17, 1001
INT4_OID, INT4_ARRAY_OID = 23, 1007
UUID_OID, UUID_ARRAY_OID = 2950, 2951

_length = struct.Struct("!i").pack
_header = struct.Struct("!iiIii").pack
_NULL = _length(-1)


def _pack(oid: int, parts: list[bytes], count: int) -> bytes:
    if count == 0:
        return struct.pack("!iiI", 0, 0, oid)
    return _header(1, 1, oid, count, 1) + b"".join(parts)


class TextArray(bytes):
    """A packed text[]."""

    @classmethod
    def of(cls, values: Sequence[str]) -> "TextArray":
        """Pack the values."""
        parts: list[bytes] = []
        for value in values:
            encoded = value.encode()
            parts += (_length(len(encoded)), encoded)
        return cls(_pack(TEXT_OID, parts, len(values)))


class ByteaArray(bytes):
    """A packed bytea[]."""

    @classmethod
    def of(cls, values: Sequence[bytes]) -> "ByteaArray":
        """Pack the values."""
        parts: list[bytes] = []
        for value in values:
            parts += (_length(len(value)), value)
        return cls(_pack(BYTEA_OID, parts, len(values)))


class Int4Array(bytes):
    """A packed integer[]."""

    @classmethod
    def of(cls, values: Sequence[int]) -> "Int4Array":
        """Pack the values, each within 32 bits."""
        pack = struct.Struct("!ii").pack
        return cls(_pack(INT4_OID, [pack(4, value) for value in values], len(values)))


class UuidArray(bytes):
    """A packed uuid[] that may hold NULLs."""

    @classmethod
    def of(cls, values: Sequence[uuid.UUID | None]) -> "UuidArray":
        """Pack the values."""
        sixteen = _length(16)
        parts = [_NULL if value is None else sixteen + value.bytes for value in values]
        return cls(_pack(UUID_OID, parts, len(values)))


class _PackedDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: bytes) -> Buffer:
        return obj


def _dumper(array_oid: int) -> type[_PackedDumper]:
    return type("PackedDumper", (_PackedDumper,), {"oid": array_oid})


_DUMPERS = {
    TextArray: _dumper(TEXT_ARRAY_OID),
    ByteaArray: _dumper(BYTEA_ARRAY_OID),
    Int4Array: _dumper(INT4_ARRAY_OID),
    UuidArray: _dumper(UUID_ARRAY_OID),
}


def register(adapters: AdaptersMap) -> None:
    """Register the packed types on a connection."""
    for packed_type, dumper in _DUMPERS.items():
        adapters.register_dumper(packed_type, dumper)
