"""Protection of accounts against guessed passwords (D3); dated policy values, no events."""

import datetime as dt

import msgspec

FAILURE_LIMIT = 5
FAILURE_WINDOW = dt.timedelta(minutes=15)
LOCK_DURATION = dt.timedelta(minutes=30)


class Lockout(msgspec.Struct, frozen=True):
    """The number of wrong passwords from `since` on; `until` is the end of the lock, if any."""

    failures: int = 0
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def is_locked(lockout: Lockout, *, now: dt.datetime) -> bool:
    """Whether nobody can sign in to the account at this instant."""
    return lockout.until is not None and now < lockout.until


def after_wrong_password(lockout: Lockout, *, now: dt.datetime) -> Lockout:
    """Count one more; locked from the fifth within the window. A lock is not prolonged."""
    if is_locked(lockout, now=now):
        return lockout
    running = lockout.since is not None and now < lockout.since + FAILURE_WINDOW
    if not running or lockout.until is not None:
        return Lockout(failures=1, since=now)
    failures = lockout.failures + 1
    until = now + LOCK_DURATION if failures >= FAILURE_LIMIT else None
    return Lockout(failures=failures, since=lockout.since, until=until)
