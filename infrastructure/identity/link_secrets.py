"""Tokens of mailed links as keyed hashes of the link's salt; only a hash of the token is stored.

The letter is written by another process, and again after a failure: it gets the same token each
time. Who has read the database can make no token: the key is derived from the master key.
"""

import base64
import hashlib
import hmac

from infrastructure.sealing.master_key import MasterKeys

PURPOSE = "mailed links 1"


class KeyedLinkSecrets:
    """`application.identity.account_ports.LinkSecrets`."""

    __slots__ = ("_key",)

    def __init__(self, keys: MasterKeys) -> None:
        self._key = keys.derive(PURPOSE)

    def token(self, link_id: str, *, salt: bytes) -> str:
        """Return the token of a link: always the same 43 characters."""
        mac = hmac.digest(self._key, link_id.encode() + b"\n" + salt, "sha256")
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")

    def digest(self, token: str) -> bytes:
        """Return what is stored of a token, whatever its form."""
        return hashlib.sha256(token.encode()).digest()
