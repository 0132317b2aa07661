"""Sign in with one answer and one duration for an unknown user, a wrong password and a lock."""

import msgspec

from application.identity import ports
from application.identity.open_session import Device, open_session
from application.identity.session_ports import SessionPorts, SessionTokens
from application.ports import Clock
from domain.identity import lockout, rejections
from domain.identity.lockout import Attempts


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


class LoginPorts(msgspec.Struct, frozen=True):
    """What signing in needs."""

    directory: ports.UserDirectory
    hasher: ports.PasswordHasher
    email_lookup: ports.EmailLookup
    places: ports.SignInPlaces
    sessions: SessionPorts
    now: Clock


async def log_in(command: LogIn, outside: LoginPorts) -> SignedIn:
    """Open a session; raises CredentialsRefused, whatever the reason, and Unavailable.

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
        if right:
            return lockout.after_sign_in(before), "signed_in"
        after = lockout.after_wrong_attempt(before, now=now)
        return after, "locked" if lockout.is_refused(after, now=now) else "sign_in_refused"

    place, device_token = _place(command, user.id, outside.places)
    fact = await outside.directory.change_attempts(user.id, place, settled, at=now)
    if fact != "signed_in":
        raise rejections.CredentialsRefused
    tokens = await open_session(user, command.device, outside.sessions)
    return SignedIn(tokens, device_token or outside.places.new_device_token(user.id))


def _place(
    command: LogIn, user_id: str, places: ports.SignInPlaces
) -> tuple[ports.Place, str | None]:
    """Return the device where its token is genuine, else the network address."""
    token = command.device_token
    device = None if token is None else places.of_device(user_id, token)
    return (places.of_address(command.device.address), None) if device is None else (device, token)
