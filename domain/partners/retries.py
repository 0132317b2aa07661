"""When a failed delivery is repeated, and when that ends."""

import datetime as dt

FIRST_PAUSE = dt.timedelta(seconds=5)
LONGEST_PAUSE = dt.timedelta(hours=1)
RETRIED_FOR = dt.timedelta(days=3)
# Doubled more often, the pause is the longest in any case.
_DOUBLINGS = 10


def pause_after(tries: int) -> dt.timedelta:
    """Return the pause after so many failed tries, at least one: 5 s, doubled up to an hour."""
    doublings = min(tries - 1, _DOUBLINGS)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def next_try(tries: int, *, failing_since: dt.datetime, now: dt.datetime) -> dt.datetime | None:
    """Return when it is tried again; None once it has failed for three days (K3)."""
    if now - failing_since >= RETRIED_FOR:
        return None
    # The last try is exactly at the end.
    return min(now + pause_after(tries), failing_since + RETRIED_FOR)
