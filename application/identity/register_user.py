"""Register a user: the address is sealed, the password hashed."""

from collections.abc import Callable

import msgspec

from application.identity import ports
from application.identity.account_ports import CommonPasswords, LinkPorts
from application.identity.make_link import make_link
from application.mail import Language
from application.ports import Clock, Vault
from domain.identity import passwords
from domain.identity.roles import Role


class RegisterUser(msgspec.Struct, frozen=True):
    """A valid address, a password, and the role: customer, unless an operator registers staff.

    `language` is that of the letter by which a customer verifies the address.
    """

    email: str
    password: str
    role: Role
    language: Language = "en"


class RegistrationPorts(msgspec.Struct, frozen=True):
    """What registering needs; `new_user_id` returns a fresh id at each call."""

    directory: ports.UserDirectory
    hasher: ports.PasswordHasher
    is_common: CommonPasswords
    vault: Vault
    email_lookup: ports.EmailLookup
    links: LinkPorts
    new_user_id: Callable[[], str]
    now: Clock


async def register_user(command: RegisterUser, outside: RegistrationPorts) -> None:
    """Record the user; raises InvalidPassword and Unavailable.

    A known address changes nothing and is answered in the same way and time, so that the answer
    does not reveal who is registered; the user's password stays as it was.
    """
    passwords.require_valid_password(
        command.password, email=command.email, is_common=outside.is_common
    )
    password_hash = await outside.hasher.hash(command.password)
    subject, key = outside.vault.new_subject()
    # The operator who registers staff answers for the address.
    is_verified = command.role != "customer"
    user = ports.NewUser(
        id=outside.new_user_id(),
        email_index=outside.email_lookup.of(command.email),
        email=outside.vault.seal(subject, command.email.encode()),
        key=key,
        password_hash=password_hash,
        role=command.role,
        is_verified=is_verified,
        verification=None
        if is_verified
        else make_link("verify_email", command.language, outside.links),
    )
    try:
        await outside.directory.add(user, at=outside.now())
    except ports.EmailKnown:
        await outside.directory.record("registered_again", user_id=None, at=outside.now())
