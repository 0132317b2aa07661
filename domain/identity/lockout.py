"""Protection of accounts against guessed passwords (D3); dated policy values, no events.

Guesses are counted by place: a device that has signed in before, or the client's network address.
So strangers lock their own places and not the owner's. Guesses from many strange places are
counted together as well; beyond that limit only known places may try. Who has the password and
guesses codes of the second factor gets fewer tries from strange places.
"""

import datetime as dt

import msgspec

FAILURE_LIMIT = 5
STRANGERS_FAILURE_LIMIT = 50
# Three of a million codes are right at a time: ten guesses a day find one in about a century.
STRANGERS_CODE_LIMIT = 10
CODE_PERIOD = dt.timedelta(hours=24)
FAILURE_WINDOW = dt.timedelta(minutes=15)
LOCK_DURATION = dt.timedelta(minutes=30)
# A place is known for so long after the last time that the account was signed in to from it.
KNOWN_PLACE_LIFETIME = dt.timedelta(days=90)


class Lockout(msgspec.Struct, frozen=True):
    """The number of wrong attempts from `since` on; `until` is the end of the lock, if any."""

    failures: int = 0
    since: dt.datetime | None = None
    until: dt.datetime | None = None


class Attempts(msgspec.Struct, frozen=True):
    """What is known of a place and an account: wrong attempts from the place, those from all
    strange places together, and the wrong codes among these."""

    place: Lockout = Lockout()
    strangers: Lockout = Lockout()
    is_known: bool = False
    codes: Lockout = Lockout()


def is_refused(attempts: Attempts, *, now: dt.datetime) -> bool:
    """Whether not even the right password is accepted from the place at this instant."""
    if is_locked(attempts.place, now=now):
        return True
    return not attempts.is_known and is_locked(attempts.strangers, now=now)


def is_code_refused(attempts: Attempts, *, now: dt.datetime) -> bool:
    """Whether not even the right code of the second factor is accepted from the place."""
    if is_refused(attempts, now=now):
        return True
    return not attempts.is_known and is_locked(attempts.codes, now=now)


def after_wrong_attempt(attempts: Attempts, *, now: dt.datetime) -> Attempts:
    """Count a wrong password of the place, and of all strangers unless the place is known."""
    place = after_wrong_password(attempts.place, now=now)
    strangers = attempts.strangers
    if not attempts.is_known:
        strangers = after_wrong_password(strangers, now=now, limit=STRANGERS_FAILURE_LIMIT)
    return msgspec.structs.replace(attempts, place=place, strangers=strangers)


def after_wrong_code(attempts: Attempts, *, now: dt.datetime) -> Attempts:
    """Count a wrong code as a wrong password, and for a day as a code of strangers."""
    after = after_wrong_attempt(attempts, now=now)
    if attempts.is_known:
        return after
    codes = after_wrong_password(
        attempts.codes,
        now=now,
        limit=STRANGERS_CODE_LIMIT,
        window=CODE_PERIOD,
        duration=CODE_PERIOD,
    )
    return msgspec.structs.replace(after, codes=codes)


def after_sign_in(attempts: Attempts) -> Attempts:
    """The place is known; what strangers tried still counts."""
    return msgspec.structs.replace(attempts, place=Lockout(), is_known=True)


def is_locked(lockout: Lockout, *, now: dt.datetime) -> bool:
    """Whether the lock lasts at this instant."""
    return lockout.until is not None and now < lockout.until


def after_wrong_password(
    lockout: Lockout,
    *,
    now: dt.datetime,
    limit: int = FAILURE_LIMIT,
    window: dt.timedelta = FAILURE_WINDOW,
    duration: dt.timedelta = LOCK_DURATION,
) -> Lockout:
    """Count one more; locked at the limit within the window. A lock is not prolonged."""
    if is_locked(lockout, now=now):
        return lockout
    running = lockout.since is not None and now < lockout.since + window
    if not running or lockout.until is not None:
        return Lockout(failures=1, since=now)
    failures = lockout.failures + 1
    until = now + duration if failures >= limit else None
    return Lockout(failures=failures, since=lockout.since, until=until)
