"""How long Stripe remembers an idempotency key."""

import datetime as dt

# Stripe may forget an idempotency key after 24 h; before that, retry, afterwards look up.
RETRY_HORIZON = dt.timedelta(hours=23)
# Policy: the outcome of a request that failed is open at Stripe; after this time it is not.
FINISHED_WITHIN = dt.timedelta(hours=1)


def may_retry_with_same_key(*, started_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether Stripe still knows the idempotency key of a request made then."""
    return now - started_at < RETRY_HORIZON


def is_kept_failure_final(*, started_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether a request made then, whose failure Stripe repeats, has made nothing if it cannot be
    found now.
    """
    return now - started_at >= FINISHED_WITHIN
