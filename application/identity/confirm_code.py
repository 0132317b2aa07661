"""Have a signed-in user prove the second factor again; wrong codes count as at the sign-in."""

from application.identity.account_ports import AccountPorts
from application.identity.ports import AuthFact, StoredUser
from application.identity.prove_second_factor import prove_second_factor
from domain.identity import lockout, rejections
from domain.identity.lockout import Attempts


async def confirm_code(user: StoredUser, code: str, outside: AccountPorts, *, address: str) -> None:
    """Raises CodeRefused for a wrong or used code and in a lock, and Unavailable."""
    place = outside.sessions.places.of_address(address)
    before = await outside.directory.attempts(user.id, place, at=outside.now())
    # No recovery code is used up where none is accepted.
    is_refused = lockout.is_code_refused(before, now=outside.now())
    right = not is_refused and await prove_second_factor(user, code, outside)
    await count_code(user.id, outside, address=address, right=right)


async def count_code(user: str, outside: AccountPorts, *, address: str, right: bool) -> None:
    """Count a code that was checked; raises CodeRefused for a wrong one and in a lock."""
    now = outside.now()

    def settled(before: Attempts) -> tuple[Attempts, AuthFact]:
        if lockout.is_code_refused(before, now=now):
            return before, "second_factor_refused"
        if right:
            return before, "second_factor_proved"
        after = lockout.after_wrong_code(before, now=now)
        is_refused = lockout.is_code_refused(after, now=now)
        return after, "locked" if is_refused else "second_factor_refused"

    place = outside.sessions.places.of_address(address)
    fact = await outside.directory.change_attempts(user, place, settled, at=now)
    if fact != "second_factor_proved":
        raise rejections.CodeRefused(field="code", reason="wrong")
