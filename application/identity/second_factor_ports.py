"""What the second factor needs from outside, named by role."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import msgspec

from domain.identity.sessions import Kind
from domain.kernel.sealed import Sealed


class StoredFactor(msgspec.Struct, frozen=True):
    """The secret of a user's authenticator app; not in force before a code has confirmed it."""

    secret: Sealed
    is_confirmed: bool


class NewChallenge(msgspec.Struct, frozen=True):
    """A sign-in whose password was right and whose code is asked for.

    `bound_to` is a hash of the password's hash: with another password the challenge is void.
    """

    token_hash: bytes
    user: str
    bound_to: bytes
    kind: Kind
    created_at: dt.datetime
    expires_at: dt.datetime


class Challenge(msgspec.Struct, frozen=True):
    """A challenge of which one try was spent."""

    user: str
    bound_to: bytes
    kind: Kind


class SecondFactors(Protocol):
    """Second factors, recovery codes and challenges. All methods raise Unavailable."""

    async def begin(self, user: str, secret: Sealed, *, at: dt.datetime) -> bool:
        """Store a secret to be confirmed, in place of another such; False where one is in force."""
        ...

    async def find(self, user: str) -> StoredFactor | None:
        """The factor of a user, also one that is not confirmed yet."""
        ...

    async def confirm(
        self,
        user: str,
        session: str,
        *,
        step: int,
        code_hashes: Sequence[bytes],
        at: dt.datetime,
    ) -> Sequence[str] | None:
        """Put the factor in force with these recovery codes; the session has proved it.

        All other sessions end, and are returned. None, and nothing happens, where it is in force
        already or the step was used.
        """
        ...

    async def spend_step(self, user: str, step: int) -> bool:
        """Use a time step; False where it or a later one was used, or no factor is in force."""
        ...

    async def spend_code(self, user: str, code_hash: bytes, *, at: dt.datetime) -> bool:
        """Use a recovery code, and record that; False where it is unknown or was used."""
        ...

    async def replace_codes(
        self, user: str, code_hashes: Sequence[bytes], *, at: dt.datetime
    ) -> bool:
        """Have these recovery codes in place of all earlier ones, and record that; False where no
        factor is in force any more."""
        ...

    async def remove(self, user: str, *, but: str, at: dt.datetime) -> Sequence[str]:
        """Remove the factor and its codes; all sessions but one end, and are returned."""
        ...

    async def codes_left(self, user: str) -> int:
        """How many recovery codes were not used yet."""
        ...

    async def open_challenge(self, new: NewChallenge) -> None:
        """Store the challenge."""
        ...

    async def try_challenge(self, token_hash: bytes, *, at: dt.datetime) -> Challenge | None:
        """Spend one try; None where the challenge is unknown, used, too old or has no try left."""
        ...

    async def finish_challenge(self, token_hash: bytes, *, at: dt.datetime) -> bool:
        """Use the challenge; False where it was used."""
        ...


class OneTimeCodes(Protocol):
    """Codes of authenticator apps, and recovery codes."""

    def new_secret(self) -> str:
        """A fresh secret of 160 bits, in base32."""
        ...

    def uri(self, secret: str, *, account: str) -> str:
        """The `otpauth` address that an app reads as a QR code."""
        ...

    def step_of(self, secret: str, code: str, *, at: dt.datetime) -> int | None:
        """The accepted time step whose code this is; None where it is none."""
        ...

    def new_recovery_codes(self) -> Sequence[str]:
        """Ten fresh codes of 50 bits, for when the app is lost."""
        ...

    def recovery_hash(self, user: str, code: str) -> bytes:
        """What is stored of a recovery code, in any spelling of it."""
        ...
