"""Personal data as it is stored in the log: ciphertext under the key of one data subject."""

import msgspec


class Sealed(msgspec.Struct, frozen=True):
    """Ciphertext (nonce first) that only the key of `subject` opens; unreadable once erased."""

    subject: str
    box: bytes
