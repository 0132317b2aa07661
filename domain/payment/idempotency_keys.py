"""How long Stripe remembers an idempotency key."""

import datetime as dt

# Stripe may forget an idempotency key after 24 h; before that, retry, afterwards look up.
RETRY_HORIZON = dt.timedelta(hours=23)


def may_retry_with_same_key(*, started_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether Stripe still knows the idempotency key of a request made then."""
    return now - started_at < RETRY_HORIZON
