"""Which passwords are accepted: length above all, no composition rules.

NIST SP 800-63B-4, 3.1.1.2: long ones, none that is known to attackers, and no rules about kinds of
characters, which make people choose worse ones.
"""

import string
import unicodedata
from collections.abc import Callable

from domain.identity import rejections

PASSWORD_MIN_LENGTH = 12
PASSWORD_MAX_LENGTH = 128
DISTINCT_SYMBOLS_MIN = 5
# What people put around a common password until it is long enough.
PADDING = string.digits + string.punctuation + " "


def require_valid_password(
    password: str, *, email: str, is_common: Callable[[str], bool], field: str = "password"
) -> None:
    """12 to 128 characters, not common, not monotone, not the address; else InvalidPassword.

    `is_common` is whether a text in lower case is on a list of leaked passwords. One with digits
    and symbols around it is as easily guessed.
    """
    if len(password) < PASSWORD_MIN_LENGTH:
        raise rejections.InvalidPassword(field=field, reason="too_short")
    if len(password) > PASSWORD_MAX_LENGTH:
        raise rejections.InvalidPassword(field=field, reason="too_long")
    if any(unicodedata.category(symbol) == "Cc" for symbol in password):
        raise rejections.InvalidPassword(field=field, reason="control_character")
    folded = password.casefold()
    if len(set(folded)) < DISTINCT_SYMBOLS_MIN:
        raise rejections.InvalidPassword(field=field, reason="too_common")
    if is_common(folded) or is_common(folded.strip(PADDING)):
        raise rejections.InvalidPassword(field=field, reason="too_common")
    address = email.casefold()
    if folded in (address, address.partition("@")[0]):
        raise rejections.InvalidPassword(field=field, reason="same_as_email")
