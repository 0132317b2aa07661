"""When a failed delivery is repeated, and when that ends."""

import datetime as dt

FIRST_PAUSE = dt.timedelta(seconds=5)
LONGEST_PAUSE = dt.timedelta(hours=1)
RETRIED_FOR = dt.timedelta(days=3)
# What a partner asks for counts up to this, so that a wrong answer does not stop us for days.
LONGEST_ASKED = dt.timedelta(hours=6)
# Pauses are longer by up to this part of them: partners of one failed host are not all tried again
# in the same second.
SPREAD = 0.25
# Doubled more often, the pause is the longest in any case.
_DOUBLINGS = 10


def pause_after(tries: int) -> dt.timedelta:
    """Return the pause after so many failed tries, at least one: 5 s, doubled up to an hour."""
    doublings = min(tries - 1, _DOUBLINGS)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def next_try(
    tries: int,
    *,
    failing_since: dt.datetime,
    now: dt.datetime,
    chance: float,
    asked: dt.timedelta | None = None,
) -> dt.datetime | None:
    """Return when it is tried again; None once it has failed for three days (K3).

    `chance`, at least 0 and less than 1, spreads the tries. `asked` is the pause that the partner
    asked for: it is not tried before, for up to LONGEST_ASKED, but at the end of the three days.
    """
    if now - failing_since >= RETRIED_FOR:
        return None
    least = min(asked or dt.timedelta(0), LONGEST_ASKED)
    pause = max(pause_after(tries), least) * (1 + SPREAD * chance)
    # The last try is exactly at the end.
    return min(now + pause, failing_since + RETRIED_FOR)
