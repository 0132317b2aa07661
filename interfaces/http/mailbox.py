"""E-mail addresses as every route takes them: one mailbox, by RFC 5321, normalised."""

import functools
import re

import email_validator

from interfaces.http.problems import invalid

# RFC 5321, 4.5.3.1: octets of the part before the @, and of a whole path without its brackets.
LOCAL_LIMIT = 64
ADDRESS_LIMIT = 254
# What most addresses have before the @; such a part is normalised as it is.
_is_plain_local = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*").fullmatch


def mailbox(text: str) -> str | None:
    """Return the normalised address, or None where it is none; nothing is looked up.

    No list of addresses, no display name and no encoded word is an address.
    """
    address = text.strip()
    local, _, domain = address.rpartition("@")
    if not _is_plain_local(local):
        return None if "=?" in address else _checked(address)
    normalized = _domain(domain)
    if normalized is None or len(local) > LOCAL_LIMIT:
        return None
    address = f"{local}@{normalized}"
    return address if len(address) <= ADDRESS_LIMIT else None


def required_mailbox(text: str, *, field: str) -> str:
    """Return the normalised address; raises VALIDATION_ERROR naming the field."""
    address = mailbox(text)
    if address is None:
        raise invalid(field, "not an e-mail address")
    return address


# Many customers have their address at the same few providers.
@functools.lru_cache(4096)
def _domain(text: str) -> str | None:
    address = _checked(f"a@{text}")
    return None if address is None else address.removeprefix("a@")


def _checked(address: str) -> str | None:
    try:
        checked = email_validator.validate_email(
            address, check_deliverability=False, test_environment=True
        )
    except email_validator.EmailNotValidError:
        return None
    return checked.normalized
