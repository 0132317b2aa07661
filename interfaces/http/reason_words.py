"""What people read for the `reason` of a problem: the file `reason_words.toml`, by code.

A reason is a word of ours, or a text with values of the request, which the file has as "…".
"""

import functools
import importlib.resources
import re
import tomllib
from collections.abc import Mapping
from typing import NamedTuple

FILE = "reason_words.toml"
VALUE = "…"


class Words(NamedTuple):
    """What is wrong and what to do."""

    english: str
    arabic: str


@functools.cache
def words_by_code() -> Mapping[str, Mapping[str, Words]]:
    """Return the file's content: words by code and reason."""
    content = (importlib.resources.files("interfaces.http") / FILE).read_text("utf-8")
    return {
        code: {reason: Words(*texts) for reason, texts in table.items()}
        for code, table in tomllib.loads(content).items()
    }


@functools.lru_cache(1024)
def words_of(code: str, reason: str) -> Words | None:
    """Return the words of a reason; None where the file has none: those of its code do then."""
    known = words_by_code().get(code, {})
    if reason in known:
        return known[reason]
    fitting = (found for pattern, found in _patterns(code) if pattern.fullmatch(reason))
    return next(fitting, None)


@functools.cache
def _patterns(code: str) -> list[tuple[re.Pattern[str], Words]]:
    """The longest first: it says the most."""
    known = words_by_code().get(code, {})
    return [
        (re.compile(".*".join(map(re.escape, text.split(VALUE))), re.DOTALL), known[text])
        for text in sorted((each for each in known if VALUE in each), key=len, reverse=True)
    ]
