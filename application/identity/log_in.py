"""Sign in with one answer and one duration for an unknown user, a wrong password and a lock."""

import msgspec

from application.identity import ports
from application.ports import Clock
from domain.identity import lockout, rejections
from domain.identity.lockout import Lockout


class LogIn(msgspec.Struct, frozen=True):
    """An address and a password as the user entered them."""

    email: str
    password: str


class LoginPorts(msgspec.Struct, frozen=True):
    """What signing in needs."""

    directory: ports.UserDirectory
    hasher: ports.PasswordHasher
    email_lookup: ports.EmailLookup
    issuer: ports.TokenIssuer
    now: Clock


async def log_in(command: LogIn, outside: LoginPorts) -> ports.IssuedToken:
    """An access token; raises CredentialsRefused, whatever the reason, and Unavailable.

    The password is hashed in every case. The lockout is checked after that, under the user's row
    lock: of many guesses at once, those after the fifth wrong one are refused.
    """
    user = await outside.directory.find(outside.email_lookup.of(command.email))
    right = await outside.hasher.verify(
        command.password, None if user is None else user.password_hash
    )
    now = outside.now()
    if user is None:
        await outside.directory.record("sign_in_refused", user_id=None, at=now)
        raise rejections.CredentialsRefused

    def settled(state: Lockout) -> tuple[Lockout, ports.AuthFact]:
        if lockout.is_locked(state, now=now):
            return state, "sign_in_refused"
        if right:
            return Lockout(), "signed_in"
        after = lockout.after_wrong_password(state, now=now)
        return after, "locked" if lockout.is_locked(after, now=now) else "sign_in_refused"

    fact = await outside.directory.change_lockout(user.id, settled, at=now)
    if fact != "signed_in":
        raise rejections.CredentialsRefused
    return outside.issuer.issue(ports.Principal(user.id, user.role))
