"""Secrets of clients, authorization codes, and what proves a consent: keyed hashes are stored.

Secrets and codes are 256 random bits, so a fast hash is enough: nobody can guess them.
"""

import base64
import hmac
import secrets
from collections.abc import Mapping

import msgspec

from infrastructure.sealing.master_key import MasterKeys

DIGEST_PURPOSE = "client secrets and codes 1"
CONSENT_PURPOSE = "consent pages 1"
SECRET_BYTES = 32
_CANONICAL = msgspec.json.Encoder(order="sorted")


class KeyedClientSecrets:
    """`application.identity.client_ports.ClientSecrets`."""

    __slots__ = ("_consent_key", "_digest_key")

    def __init__(self, keys: MasterKeys) -> None:
        self._digest_key = keys.derive(DIGEST_PURPOSE)
        self._consent_key = keys.derive(CONSENT_PURPOSE)

    def new_secret(self) -> str:
        """Return a secret of a client."""
        return f"cs_{secrets.token_urlsafe(SECRET_BYTES)}"

    def new_code(self) -> str:
        """Return an authorization code."""
        return f"ac_{secrets.token_urlsafe(SECRET_BYTES)}"

    def digest(self, text: str) -> bytes:
        """Return what is stored of a secret or a code."""
        return hmac.digest(self._digest_key, text.encode(), "sha256")

    def consent_token(self, session: str, request: Mapping[str, str]) -> str:
        """Return what proves that an answer is about this request of this session."""
        content = _CANONICAL.encode((session, dict(request)))
        mac = hmac.digest(self._consent_key, content, "sha256")
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")
