"""Places of sign-ins: network addresses and devices as keyed hashes; no address is stored."""

import base64
import binascii
import hmac
import secrets

from application.identity.ports import Place
from infrastructure.sealing.master_key import MasterKeys

PURPOSE = "places of sign-ins 1"
DEVICE_BYTES = 16
TOKEN_LENGTH = 43


class KeyedSignInPlaces:
    """`application.identity.ports.SignInPlaces`; a device's token carries its own proof."""

    __slots__ = ("_key",)

    def __init__(self, keys: MasterKeys) -> None:
        self._key = keys.derive(PURPOSE)

    def of_address(self, address: str) -> Place:
        """Return the place of a network address."""
        return Place(self._digest("address", address.encode()), is_device=False)

    def of_device(self, user_id: str, token: str) -> Place | None:
        """Return the place of a device that signed in to this account; None for another token."""
        if len(token) != TOKEN_LENGTH or not token.isascii():
            return None
        try:
            content = base64.urlsafe_b64decode(token + "=")
        except binascii.Error:
            return None
        device, proof = content[:DEVICE_BYTES], content[DEVICE_BYTES:]
        if not hmac.compare_digest(proof, self._proof(user_id, device)):
            return None
        return Place(self._digest("device", device), is_device=True)

    def new_device_token(self, user_id: str) -> str:
        """Return a token that proves a sign-in to this account."""
        device = secrets.token_bytes(DEVICE_BYTES)
        token = base64.urlsafe_b64encode(device + self._proof(user_id, device))
        return token.decode().rstrip("=")

    def _proof(self, user_id: str, device: bytes) -> bytes:
        return self._digest("proof", user_id.encode() + b"\n" + device)[:DEVICE_BYTES]

    def _digest(self, kind: str, content: bytes) -> bytes:
        return hmac.digest(self._key, kind.encode() + b"\n" + content, "sha256")
