"""Have ten new recovery codes in place of all earlier ones."""

from collections.abc import Sequence

from application.identity.account_ports import AccountPorts
from application.identity.confirm_code import confirm_code
from application.identity.ports import Principal
from domain.identity import rejections


async def renew_recovery_codes(
    caller: Principal, code: str, outside: AccountPorts, *, address: str
) -> Sequence[str]:
    """Return the codes, which are never shown again; raises CodeRefused and Unavailable."""
    user = await outside.directory.read(caller.user)
    await confirm_code(user, code, outside, address=address)
    codes = outside.codes.new_recovery_codes()
    hashes = [outside.codes.recovery_hash(user.id, each) for each in codes]
    if not await outside.factors.replace_codes(user.id, hashes, at=outside.now()):
        # Another request has removed the factor meanwhile.
        raise rejections.CodeRefused(field="code", reason="wrong")
    return codes
