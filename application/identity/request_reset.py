"""Have a link mailed by which a user who has lost the password sets another."""

import msgspec

from application.identity.account_ports import AccountPorts
from application.identity.make_link import make_link
from application.mail import Language


class RequestReset(msgspec.Struct, frozen=True):
    """The address of the account, the language of the letter, and the client's address."""

    email: str
    language: Language
    address: str


async def request_reset(command: RequestReset, outside: AccountPorts) -> None:
    """Mail the link; raises Unavailable.

    An unknown address is answered in the same way, after the same work and one commit, so that
    the answer does not reveal who has an account.
    """
    await outside.passwords.request_reset(
        outside.email_lookup.of(command.email),
        make_link("reset_password", command.language, outside.links),
        source=outside.sessions.places.of_address(command.address).index,
    )
