"""Named rules about payments."""

import datetime as dt
from typing import Literal

# Why captured money waits: another capture paid already, the hold had lapsed, it is not the
# amount due, the booking was in no state to be paid, or waited for seats that were not there.
# Stored in `FundsParked.reason`.
ParkReason = Literal["duplicate", "late", "amount_differs", "not_payable", "no_seats"]

# Stripe wants at least 30 minutes from its receipt of the call; the rest is room to ask again with
# the same key after a lost answer. The hold ends first, and then the session is expired by us.
SESSION_LIFETIME = dt.timedelta(minutes=60)

# Stripe may forget an idempotency key after 24 h; before that, retry, afterwards look up.
RETRY_HORIZON = dt.timedelta(hours=23)


def session_expires_at(*, now: dt.datetime) -> dt.datetime:
    """When a session asked for now ends by itself, in whole seconds as Stripe wants it."""
    return (now + SESSION_LIFETIME).replace(microsecond=0)


def may_retry_with_same_key(*, started_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether Stripe still knows the idempotency key of a request made then."""
    return now - started_at < RETRY_HORIZON
