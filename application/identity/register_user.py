"""Register a user: the address is sealed, the password hashed."""

import datetime as dt
from collections.abc import Callable

import msgspec

from application.identity import ports
from application.identity.account_ports import CommonPasswords, LinkPorts
from application.identity.make_link import make_link
from application.mail import Language
from application.ports import Clock, Vault
from domain.identity import passwords
from domain.identity.roles import Role
from domain.privacy import consents
from domain.privacy.consents import Consent, Purpose
from domain.privacy.rejections import ConsentRefused


class RegisterUser(msgspec.Struct, frozen=True):
    """A valid address, a password, and the role: customer, unless an operator registers staff.

    `language` is that of the letter by which a customer verifies the address. The versions are the
    days on which the accepted texts were published.
    """

    email: str
    password: str
    role: Role
    language: Language = "en"
    terms_version: dt.date | None = None
    privacy_notice_version: dt.date | None = None


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
    """Record the user, with the consents; raises InvalidPassword and Unavailable, and
    ConsentRefused for a version of the future.

    A known address changes nothing and is answered in the same way and time, so that the answer
    does not reveal who is registered; the user's password stays as it was.
    """
    passwords.require_valid_password(
        command.password, email=command.email, is_common=outside.is_common
    )
    accepted = _consents(command, now=outside.now())
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
        consents=accepted,
    )
    try:
        await outside.directory.add(user, at=outside.now())
    except ports.EmailKnown:
        await outside.directory.record("registered_again", user_id=None, at=outside.now())


def _consents(command: RegisterUser, *, now: dt.datetime) -> tuple[Consent, ...]:
    """Return the facts to record; rejects ConsentRefused with the field of the request."""
    asked: tuple[tuple[Purpose, str, dt.date | None], ...] = (
        ("terms", "termsVersion", command.terms_version),
        ("privacy_notice", "privacyNoticeVersion", command.privacy_notice_version),
    )
    found = []
    for purpose, field, version in asked:
        if version is None:
            continue
        try:
            fact = consents.change([], purpose=purpose, version=version, given=True, now=now)
        except ConsentRefused as refused:
            raise ConsentRefused(**{**refused.parameters, "field": field}) from None
        assert fact is not None, "there is none yet"
        found.append(fact)
    return tuple(found)
