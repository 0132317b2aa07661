"""Sign in with one answer and one duration for an unknown user, a wrong password and a lock."""

import asyncio
import base64
import hashlib

import msgspec

from application.identity import ports
from application.identity.open_session import Device, open_session
from application.identity.second_factor_ports import NewChallenge, SecondFactors
from application.identity.session_ports import SessionPorts, SessionTokens
from application.ports import Clock
from domain.identity import lockout, rejections
from domain.identity.lockout import Attempts
from domain.identity.second_factor import CHALLENGE_LIFE

CHALLENGE_BYTES = 32
# A refusal takes this long: a known user costs more statements than an unknown one. The hash is
# done by then, unless many wait for one.
REFUSAL_SECONDS = 0.5


class LogIn(msgspec.Struct, frozen=True):
    """An e-mail address and a password as the user entered them; from which device, and with the
    token that an earlier sign-in on it returned."""

    email: str
    password: str
    device: Device
    device_token: str | None = None


class SignedIn(msgspec.Struct, frozen=True):
    """The tokens of a new session, and the token by which the device is known from now on."""

    tokens: SessionTokens
    device_token: str


class SecondFactorAsked(msgspec.Struct, frozen=True):
    """The password was right: `challenge` is to be sent with a code, within so many seconds."""

    challenge: str
    expires_in: int


class LoginPorts(msgspec.Struct, frozen=True):
    """What signing in needs; `refusal_seconds` is how long a refusal takes at least."""

    directory: ports.UserDirectory
    hasher: ports.PasswordHasher
    email_lookup: ports.EmailLookup
    places: ports.SignInPlaces
    sessions: SessionPorts
    factors: SecondFactors
    now: Clock
    refusal_seconds: float = REFUSAL_SECONDS


async def log_in(command: LogIn, outside: LoginPorts) -> SignedIn | SecondFactorAsked:
    """Open a session, or ask for the second factor where the user has one.

    Raises CredentialsRefused, whatever the reason and after the same time, and Unavailable.
    """
    refused_at = asyncio.get_running_loop().time() + outside.refusal_seconds
    try:
        return await _decided(command, outside)
    except rejections.CredentialsRefused:
        await asyncio.sleep(refused_at - asyncio.get_running_loop().time())
        raise


async def _decided(command: LogIn, outside: LoginPorts) -> SignedIn | SecondFactorAsked:
    """As `log_in`, as soon as it is known.

    The password is hashed in every case. The lockout is checked after that, under the user's row
    lock: of many guesses at once, those after the fifth wrong one of a place are refused.
    """
    user = await outside.directory.find(outside.email_lookup.of(command.email))
    right = await outside.hasher.verify(
        command.password, None if user is None else user.password_hash
    )
    now = outside.now()
    if user is None:
        await outside.directory.record("sign_in_refused", user_id=None, at=now)
        raise rejections.CredentialsRefused

    def settled(before: Attempts) -> tuple[Attempts, ports.AuthFact]:
        if lockout.is_refused(before, now=now):
            return before, "sign_in_refused"
        if right and user.has_second_factor:
            # Not yet a sign-in: what was guessed wrong before still counts.
            return before, "second_factor_asked"
        if right:
            return lockout.after_sign_in(before), "signed_in"
        after = lockout.after_wrong_attempt(before, now=now)
        return after, "locked" if lockout.is_refused(after, now=now) else "sign_in_refused"

    place, device_token = place_of(command.device, command.device_token, user.id, outside.places)
    fact = await outside.directory.change_attempts(user.id, place, settled, at=now)
    if fact == "second_factor_asked":
        return await _asked(user, command.device, outside)
    if fact != "signed_in":
        raise rejections.CredentialsRefused
    tokens = await open_session(user, command.device, outside.sessions)
    return SignedIn(tokens, device_token or outside.places.new_device_token(user.id))


async def _asked(user: ports.StoredUser, device: Device, outside: LoginPorts) -> SecondFactorAsked:
    """Open a challenge; only a hash of it is stored."""
    secret = outside.sessions.random_bytes(CHALLENGE_BYTES)
    challenge = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    now = outside.now()
    await outside.factors.open_challenge(
        NewChallenge(
            token_hash=hashed(challenge),
            user=user.id,
            bound_to=hashed(user.password_hash),
            kind=device.kind,
            created_at=now,
            expires_at=now + CHALLENGE_LIFE,
        )
    )
    return SecondFactorAsked(challenge, int(CHALLENGE_LIFE.total_seconds()))


def hashed(text: str) -> bytes:
    """Return what is stored of a challenge, and of the password hash that it is bound to."""
    return hashlib.sha256(text.encode()).digest()


def place_of(
    device: Device, device_token: str | None, user_id: str, places: ports.SignInPlaces
) -> tuple[ports.Place, str | None]:
    """Return the device where its token is genuine, else the network address."""
    known = None if device_token is None else places.of_device(user_id, device_token)
    return (places.of_address(device.address), None) if known is None else (known, device_token)
