"""Codes of authenticator apps by pyotp (RFC 6238: SHA-1, six digits, 30 seconds, as every app has
it), and recovery codes, of which a keyed hash is stored."""

import base64
import datetime as dt
import hmac
import secrets
from collections.abc import Sequence

import pyotp

from domain.identity.second_factor import RECOVERY_CODES, STEP_SECONDS, accepted_steps
from infrastructure.sealing.master_key import MasterKeys

PURPOSE = "recovery codes 1"
# Base32 with ten symbols has 50 bits.
RECOVERY_LENGTH = 10
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class AuthenticatorCodes:
    """`application.identity.second_factor_ports.OneTimeCodes`; `issuer` is shown in apps."""

    def __init__(self, keys: MasterKeys, *, issuer: str) -> None:
        self._key = keys.derive(PURPOSE)
        self._issuer = issuer

    def new_secret(self) -> str:
        """Return a fresh secret of 160 bits (RFC 4226, 4), in base32."""
        return base64.b32encode(secrets.token_bytes(20)).decode()

    def uri(self, secret: str, *, account: str) -> str:
        """Return the `otpauth` address that an app reads as a QR code."""
        totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
        return totp.provisioning_uri(name=account, issuer_name=self._issuer)

    def step_of(self, secret: str, code: str, *, at: dt.datetime) -> int | None:
        """Return the accepted time step whose code this is; all are compared."""
        totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
        offered = code.encode()
        found = [
            step
            for step in accepted_steps(at)
            if hmac.compare_digest(totp.generate_otp(step).encode(), offered)
        ]
        return found[-1] if found else None

    def new_recovery_codes(self) -> Sequence[str]:
        """Return fresh codes such as ABCDE-FGH23."""
        made = (
            "".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_LENGTH))
            for _ in range(RECOVERY_CODES)
        )
        half = RECOVERY_LENGTH // 2
        return [f"{each[:half]}-{each[half:]}" for each in made]

    def recovery_hash(self, user: str, code: str) -> bytes:
        """Return the HMAC-SHA256 of the code without hyphens and blanks, in capitals."""
        plain = code.replace("-", "").replace(" ", "").upper()
        return hmac.digest(self._key, f"{user}\n{plain}".encode(), "sha256")
