"""How long a stored Stripe event waits before it is tried again, and when it is given up.

That Stripe is away, busy or refuses our key is no fault of an event: it waits, and no try counts.
"""

import datetime as dt

FIRST_WAIT_SECONDS = 2.0
# Within a minute of Stripe's recovery each waiting event has been tried again.
LONGEST_WAIT_SECONDS = 40.0
# Stripe repeats a delivery for up to three days (https://docs.stripe.com/webhooks#retries).
PATIENCE = dt.timedelta(days=3)
# Tries that end in a bug before staff has to look at the event.
TRY_LIMIT = 10


def wait_seconds(waits: int) -> float:
    """Return the longest wait after this many waits; the store takes a random half off it."""
    assert waits >= 0
    return min(FIRST_WAIT_SECONDS * 2.0 ** min(waits, 10), LONGEST_WAIT_SECONDS)
