"""Refresh tokens and CSRF tokens: keyed hashes of what a session is; no secret is stored.

A refresh token is `rt_<session>.<generation>.<mac>`. Who has read the database can forge none: the
key is derived from the master key. Who has the key needs the salt as well.
"""

import base64
import hmac
import re

from application.identity.session_ports import OfferedToken
from infrastructure.sealing.master_key import MasterKeys

REFRESH_PURPOSE = "refresh tokens 1"
CSRF_PURPOSE = "csrf tokens 1"
# Of 43 symbols the last one has four bits: only one of its spellings is ours.
_FORM = re.compile(
    r"rt_(ses_[0-9a-f]{24})\.([1-9][0-9]{0,8})\.([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])"
).fullmatch


class KeyedSessionSecrets:
    """`application.identity.session_ports.SessionSecrets`."""

    __slots__ = ("_csrf_key", "_refresh_key")

    def __init__(self, keys: MasterKeys) -> None:
        self._refresh_key = keys.derive(REFRESH_PURPOSE)
        self._csrf_key = keys.derive(CSRF_PURPOSE)

    def refresh_token(self, session: str, *, generation: int, salt: bytes) -> str:
        """Return the refresh token of a generation: always the same text."""
        return f"rt_{session}.{generation}.{_text(self._mac(session, generation, salt))}"

    def read(self, token: str) -> OfferedToken | None:
        """Return what the text claims to be; None where it has not the form of our tokens."""
        match = _FORM(token)
        if match is None:
            return None
        session, generation, mac = match.groups()
        return OfferedToken(session, int(generation), base64.urlsafe_b64decode(mac + "="))

    def is_genuine(self, offered: OfferedToken, *, salt: bytes) -> bool:
        """Return whether we made this token."""
        expected = self._mac(offered.session, offered.generation, salt)
        return hmac.compare_digest(offered.mac, expected)

    def csrf_token(self, session: str) -> str:
        """Return what a page of ours sends with each request that changes something."""
        return _text(hmac.digest(self._csrf_key, session.encode(), "sha256"))

    def _mac(self, session: str, generation: int, salt: bytes) -> bytes:
        # The id and the number have no line break, so no other pair gives the same text.
        content = f"{session}\n{generation}\n".encode() + salt
        return hmac.digest(self._refresh_key, content, "sha256")


def _text(mac: bytes) -> str:
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")
