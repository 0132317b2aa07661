"""Look-up of sealed values: a keyed hash that finds an e-mail address without storing it."""

import hmac
import unicodedata

from infrastructure.sealing.master_key import MasterKeys

PURPOSE = "blind index of e-mail addresses 1"


class EmailIndex:
    """Maps an address to 32 bytes: equal for spellings that people use for the same mailbox."""

    __slots__ = ("_key",)

    def __init__(self, keys: MasterKeys) -> None:
        self._key = keys.derive(PURPOSE)

    def of(self, address: str) -> bytes:
        """Return the HMAC-SHA256 of the normalised address."""
        return hmac.digest(self._key, normalised(address).encode(), "sha256")


def normalised(address: str) -> str:
    """Return the address in NFC, without surrounding blanks, case-folded."""
    return unicodedata.normalize("NFC", address.strip()).casefold()
