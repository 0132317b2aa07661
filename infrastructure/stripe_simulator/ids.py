"""Identifiers that look like Stripe's: a prefix and random letters and digits."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int) -> str:
    """`prefix_` followed by `length` random characters."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(length))
