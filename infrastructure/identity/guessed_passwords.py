"""Passwords that attackers try first: leaked ones, and words and names, by the lists of zxcvbn.

A word is on the one list of them on which it is most frequent, so all are needed. They are read
when the first password is chosen, not when a process starts.
"""

import functools


def is_common(password: str) -> bool:
    """Return whether this text, in lower case, is on a list."""
    return password in _listed()


@functools.cache
def _listed() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset().union(*FREQUENCY_LISTS.values())
