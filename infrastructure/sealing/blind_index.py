"""Look-up of sealed values: keyed hashes that find an e-mail address, or the code of a gift card,
without storing it.
"""

import hmac
import unicodedata

from infrastructure.sealing.master_key import MasterKeys

PURPOSE = "blind index of e-mail addresses 1"
CODE_PURPOSE = "blind index of gift card codes 1"


class EmailIndex:
    """Maps an address to 32 bytes: equal for spellings that people use for the same mailbox."""

    __slots__ = ("_key",)

    def __init__(self, keys: MasterKeys) -> None:
        self._key = keys.derive(PURPOSE)

    def of(self, address: str) -> bytes:
        """Return the HMAC-SHA256 of the normalised address."""
        return hmac.digest(self._key, normalised(address).encode(), "sha256")


class CodeIndex:
    """Maps the code of a gift card, in its one form, to 64 hexadecimal digits."""

    __slots__ = ("_key",)

    def __init__(self, keys: MasterKeys) -> None:
        self._key = keys.derive(CODE_PURPOSE)

    def of(self, code: str) -> str:
        """Return the HMAC-SHA256 of the code."""
        return hmac.digest(self._key, code.encode(), "sha256").hex()


def normalised(address: str) -> str:
    """Return the address in NFC, without surrounding blanks, in lower case.

    Case folding would make one address of two: faß.de and fass.de have different owners.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", address.strip()).lower())
