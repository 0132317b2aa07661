"""Withdraw an erasure by the link of the letter about it, without signing in."""

from application.identity.account_ports import AccountPorts
from application.privacy.ports import PrivacyPorts
from application.privacy.request_erasure import withdraw_erasure
from domain.identity.rejections import LinkRefused
from domain.privacy.rejections import ErasureUnknown


async def stop_erasure(token: str, accounts: AccountPorts, ports: PrivacyPorts) -> None:
    """Keep the account; a repeat changes nothing, and the link still secures the account.

    Rejects LinkRefused, and ErasureBegun once the account is closed; raises Unavailable.
    """
    token_hash = accounts.links.secrets.digest(token)
    user = await accounts.notices.owner_of(token_hash, at=accounts.now(), kind="erasure_requested")
    if user is None:
        await accounts.directory.record("link_refused", user_id=None, at=accounts.now())
        raise LinkRefused(field="token", reason="not_valid")
    try:
        await withdraw_erasure(ports, user, by=user)
    except ErasureUnknown:
        return
