"""A subscription as it is stored, and its status."""

import datetime as dt
from typing import Literal

import msgspec

# Each has a delivery under way at most, and one that takes its time holds up no other.
SUBSCRIPTION_LIMIT = 50
TYPE_LIMIT = 100
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}$(?!\n)"

Status = Literal["active", "retrying", "parked", "disabled"]


class Subscription(msgspec.Struct, frozen=True):
    """Which events a partner gets, and how far it got.

    `types` is None for all. The partner has everything up to the position `delivered`; the log
    was looked through up to `examined`, behind which nothing but other types followed. `replays`
    counts how often it was set to a position. `tries` failed since `failing_since`, the last one
    for `last_error`; the next is due at `next_try_at`.
    """

    id: str
    name: str
    url: str
    types: tuple[str, ...] | None
    enabled: bool
    delivered: int
    examined: int
    replays: int
    created_at: dt.datetime
    old_secret_until: dt.datetime | None = None
    tries: int = 0
    failing_since: dt.datetime | None = None
    next_try_at: dt.datetime | None = None
    last_error: str | None = None
    parked_at: dt.datetime | None = None

    @property
    def status(self) -> Status:
        """Return whether deliveries go out, and if not, whether by themselves again."""
        if not self.enabled:
            return "disabled"
        if self.parked_at is not None:
            return "parked"
        return "retrying" if self.tries else "active"
