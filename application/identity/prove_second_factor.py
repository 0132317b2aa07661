"""Check a code of a user's authenticator app, or a recovery code; each is used by that."""

from application.identity.account_ports import AccountPorts
from application.identity.ports import StoredUser

# Codes of apps have six digits; recovery codes are longer.
APP_CODE_LENGTH = 6


async def prove_second_factor(user: StoredUser, code: str, outside: AccountPorts) -> bool:
    """Return whether the code proves the user; True once for each code. Raises Unavailable."""
    if len(code) != APP_CODE_LENGTH:
        code_hash = outside.codes.recovery_hash(user.id, code)
        return await outside.factors.spend_code(user.id, code_hash, at=outside.now())
    factor = await outside.factors.find(user.id)
    if factor is None or not factor.is_confirmed:
        return False
    (secret,) = await outside.vault.open_all([factor.secret])
    if secret is None:
        return False
    step = outside.codes.step_of(secret.decode(), code, at=outside.now())
    return step is not None and await outside.factors.spend_step(user.id, step)
