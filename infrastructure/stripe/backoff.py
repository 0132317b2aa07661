"""Whether a request is sent again within its call, and after what wait.

Stripe's own word decides where it says one (`Stripe-Should-Retry`); without it only a 429 is
repeated, which Stripe has not executed. The waits double and have chance in them, so that clients
who were refused together do not return together (https://docs.stripe.com/rate-limits).
"""

import random
from collections.abc import Callable, Mapping
from typing import Literal

TRIES_LIMIT = 3
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 4.0
TOO_MANY_REQUESTS = 429

ReachedLimit = Literal["account", "endpoint"]


def wait_seconds(tries: int, *, chance: Callable[[], float] = random.random) -> float:
    """Return the wait after so many tries: between half and the whole of a wait that doubles."""
    whole = min(FIRST_WAIT_SECONDS * (1 << (tries - 1)), LONGEST_WAIT_SECONDS)
    return whole * (1 + chance()) / 2


def is_wanted(status: int, headers: Mapping[str, str]) -> bool:
    """Return whether the request of this answer is to be sent again."""
    match headers.get("Stripe-Should-Retry"):
        case "true":
            return True
        case "false":
            return False
        case _:
            return status == TOO_MANY_REQUESTS


def reached_limit(status: int, headers: Mapping[str, str]) -> ReachedLimit | None:
    """Return the limit that the answer says is reached; None also for an object that is locked."""
    reason = headers.get("Stripe-Rate-Limited-Reason", "")
    if status != TOO_MANY_REQUESTS:
        return None
    if reason.startswith("global-"):
        return "account"
    return "endpoint" if reason.startswith("endpoint-") else None
