"""Which modes there are, and when a refused client should try again."""

import datetime as dt
from typing import Literal, get_args

import msgspec

from domain.modes.rejections import EndNotAhead

SwitchedMode = Literal["maintenance", "payments_paused"]
"""What operators switch. `maintenance`: nothing is changed, reading goes on.

`payments_paused`: Stripe is not called. A process also finds out itself that Stripe is away.
"""

Mode = SwitchedMode | Literal["read_only"]
"""`read_only`: the database has no room to write; each process finds that out, and its end."""

SWITCHED: tuple[SwitchedMode, ...] = get_args(SwitchedMode)
MODES: tuple[Mode, ...] = (*SWITCHED, "read_only")
# While one of these is on nothing is changed.
CLOSING: tuple[Mode, ...] = ("maintenance", "read_only")
REASON_LENGTH = 200
LONGEST = dt.timedelta(days=7)
# A client that is told to wait for longer would not notice an end that came early.
LONGEST_RETRY_SECONDS = 600
# Without a planned end, or after it.
RETRY_SECONDS = 30
# Room is looked for more often than this.
READ_ONLY_RETRY_SECONDS = 5


class ModeOn(msgspec.Struct, frozen=True):
    """A mode that is on: since when, who switched it on and why, and when it should end.

    `actor` is role and user id, `operator` for the shell, `system` where a process found out
    itself. A mode does not end by itself at its planned end `until`: only who works on the system
    knows that the work is done.
    """

    mode: Mode
    since: dt.datetime
    actor: str
    reason: str
    until: dt.datetime | None


def require_end_ahead(until: dt.datetime | None, now: dt.datetime) -> None:
    """Reject a planned end that is past, or more than LONGEST away."""
    if until is not None and not now < until <= now + LONGEST:
        raise EndNotAhead(field="until", reason="not_ahead")


def retry_after_seconds(mode: ModeOn, now: dt.datetime) -> int:
    """Return after how many seconds a refused client should try again: 1 to 600."""
    if mode.mode == "read_only":
        return READ_ONLY_RETRY_SECONDS
    if mode.until is None or mode.until <= now:
        return RETRY_SECONDS
    left = (mode.until - now).total_seconds()
    return max(1, min(LONGEST_RETRY_SECONDS, int(left) + 1))
