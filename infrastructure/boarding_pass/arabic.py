"""Arabic words as drawing libraries without shaping need them: joined letters, right to left.

Rule: for words of Arabic letters and spaces only; digits and Latin letters are drawn apart.
"""

import functools
import re
import unicodedata

# Arabic Presentation Forms-B of Unicode: each letter, and lam with alef, as it looks when joined.
FORMS = range(0xFE80, 0xFEFD)
LETTERS = re.compile("\u0644[\u0622\u0623\u0625\u0627]|.")


def shaped(text: str) -> str:
    """Return the text with its letters joined and in the order in which they are drawn."""
    letters = LETTERS.findall(text)
    drawn = []
    for before, letter, after in zip(["", *letters], letters, [*letters[1:], ""], strict=False):
        forms = _forms().get(letter, {})
        joins_before = "final" in forms and "initial" in _forms().get(before, {})
        joins_after = "initial" in forms and "final" in _forms().get(after, {})
        name = ("isolated", "initial", "final", "medial")[joins_before * 2 + joins_after]
        drawn.append(forms.get(name, letter))
    return "".join(reversed(drawn))


@functools.cache
def _forms() -> dict[str, dict[str, str]]:
    """Return for each letter (and lam with alef) its form by its place in a word."""
    found: dict[str, dict[str, str]] = {}
    for code in FORMS:
        place, _, codes = unicodedata.decomposition(chr(code)).partition("> ")
        letter = "".join(chr(int(part, 16)) for part in codes.split())
        found.setdefault(letter, {})[place.removeprefix("<")] = chr(code)
    return found
