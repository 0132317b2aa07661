"""Identifiers that look like Stripe's: a prefix and random letters and digits."""

import secrets


def new_id(prefix: str, length: int) -> str:
    """Return `prefix_` followed by `length` random characters."""
    return f"{prefix}_{secrets.token_hex(length)[:length]}"
