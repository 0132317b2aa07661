"""Have the link mailed again by which the signed-in user verifies the address."""

from application.identity.account_ports import AccountPorts
from application.identity.make_link import make_link
from application.identity.ports import Principal
from application.mail import Language


async def request_verification(
    caller: Principal, language: Language, outside: AccountPorts
) -> bool:
    """Return whether the address is verified already, and nothing is mailed; raises Unavailable."""
    user = await outside.directory.read(caller.user)
    if not user.is_verified:
        link = make_link("verify_email", language, outside.links)
        await outside.emails.request_verification(user.id, link)
    return user.is_verified
