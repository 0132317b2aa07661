"""E-mail addresses as every route takes them: one mailbox, by RFC 5321, normalised."""

import functools

import email_validator

from interfaces.http.problems import invalid


# A customer gives the same address again and again.
@functools.lru_cache(4096)
def mailbox(text: str) -> str | None:
    """Return the normalised address, or None where it is none; nothing is looked up.

    No list of addresses, no display name and no encoded word is an address.
    """
    if "=?" in text:
        return None
    try:
        checked = email_validator.validate_email(
            text.strip(), check_deliverability=False, test_environment=True
        )
    except email_validator.EmailNotValidError:
        return None
    return checked.normalized


def required_mailbox(text: str, *, field: str) -> str:
    """Return the normalised address; raises VALIDATION_ERROR naming the field."""
    address = mailbox(text)
    if address is None:
        raise invalid(field, "not an e-mail address")
    return address
