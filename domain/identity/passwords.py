"""Which passwords are accepted: length above all, no composition rules."""

import unicodedata

from domain.identity import rejections

PASSWORD_MIN_LENGTH = 10
PASSWORD_MAX_LENGTH = 128
DISTINCT_SYMBOLS_MIN = 5

# The first entries of published lists of leaked passwords that are long enough to pass.
COMMON_PASSWORDS = frozenset(
    {
        "1234567890",
        "0123456789",
        "0987654321",
        "1q2w3e4r5t",
        "1qaz2wsx3edc",
        "password12",
        "password123",
        "password1234",
        "passw0rd123",
        "qwertyuiop",
        "qwerty12345",
        "qwerty123456",
        "iloveyou123",
        "welcome123",
        "letmein123",
        "administrator",
        "changeme123",
        "asdfghjkl1",
        "abcdefghij",
    }
)


def require_valid_password(password: str, *, email: str) -> None:
    """10 to 128 characters, not common, not monotone, not the address; else InvalidPassword."""
    if len(password) < PASSWORD_MIN_LENGTH:
        raise rejections.InvalidPassword(field="password", reason="too_short")
    if len(password) > PASSWORD_MAX_LENGTH:
        raise rejections.InvalidPassword(field="password", reason="too_long")
    if any(unicodedata.category(symbol) == "Cc" for symbol in password):
        raise rejections.InvalidPassword(field="password", reason="control_character")
    folded = password.casefold()
    if folded in COMMON_PASSWORDS or len(set(folded)) < DISTINCT_SYMBOLS_MIN:
        raise rejections.InvalidPassword(field="password", reason="too_common")
    address = email.casefold()
    if folded in (address, address.partition("@")[0]):
        raise rejections.InvalidPassword(field="password", reason="same_as_email")
