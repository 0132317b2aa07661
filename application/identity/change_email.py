"""Ask for another address of the account: it counts once a link that was mailed to it was used."""

import msgspec

from application.identity.account_ports import AccountPorts
from application.identity.confirm_password import confirm_password
from application.identity.make_link import make_link
from application.identity.ports import Principal
from application.mail import Language
from domain.identity import rejections


class ChangeEmail(msgspec.Struct, frozen=True):
    """A valid address, the password, the language of the letters, and the client's address."""

    new_email: str
    password: str
    language: Language
    address: str


async def change_email(caller: Principal, command: ChangeEmail, outside: AccountPorts) -> None:
    """Mail the link; raises PasswordRefused, CredentialsRefused for an erased account, Unavailable.

    An address that another account has gets no letter, and the answer does not reveal that.
    """
    user = await confirm_password(
        caller.user, command.password, outside, address=command.address, field="password"
    )
    (present,) = await outside.vault.open_all([user.email])
    if present is None:
        raise rejections.CredentialsRefused
    await outside.emails.request_change(
        user.id,
        make_link("change_email", command.language, outside.links),
        email_index=outside.email_lookup.of(command.new_email),
        email=outside.vault.seal(user.email.subject, command.new_email.encode()),
    )
