"""A finding of `ais doctor`: what was looked at, how it is, and what to do."""

from typing import Literal

import msgspec

Level = Literal["ok", "warning", "failed"]


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """`failed`: something does not work or is unsafe; `warning`: it works, and needs a look.

    `advice` is empty for `ok`.
    """

    check: str
    level: Level
    detail: str
    advice: str = ""


def ok(check: str, detail: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding(check, "ok", detail)


def warning(check: str, detail: str, advice: str) -> Finding:
    """Return a finding that somebody has to look at."""
    return Finding(check, "warning", detail, advice)


def failed(check: str, detail: str, advice: str) -> Finding:
    """Return a finding that somebody has to act on."""
    return Finding(check, "failed", detail, advice)
