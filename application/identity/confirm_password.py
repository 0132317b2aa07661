"""Have a signed-in user enter the password again, before something that a thief must not do.

A stolen session would else be enough to guess the password: wrong ones count as at the sign-in.
"""

from application.identity.account_ports import AccountPorts
from application.identity.ports import AuthFact, StoredUser
from domain.identity import lockout, rejections
from domain.identity.lockout import Attempts


async def confirm_password(
    user_id: str, password: str, outside: AccountPorts, *, address: str, field: str
) -> StoredUser:
    """Return the user; raises PasswordRefused for a wrong password and in a lock, Unavailable."""
    user = await outside.directory.read(user_id)
    right = await outside.hasher.verify(password, user.password_hash)
    now = outside.now()

    def settled(before: Attempts) -> tuple[Attempts, AuthFact]:
        if lockout.is_refused(before, now=now):
            return before, "password_refused"
        if right:
            return before, "password_confirmed"
        after = lockout.after_wrong_attempt(before, now=now)
        return after, "locked" if lockout.is_refused(after, now=now) else "password_refused"

    place = outside.sessions.places.of_address(address)
    fact = await outside.directory.change_attempts(user_id, place, settled, at=now)
    if fact != "password_confirmed":
        raise rejections.PasswordRefused(field=field, reason="wrong")
    return user
