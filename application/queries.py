"""What queries return: the types that the read models' ports promise to HTTP and to timers."""

import msgspec


class AsOf(msgspec.Struct, frozen=True):
    """How far the read model was that an answer came from.

    The answer contains the log up to `position`; `lag_seconds` is the age of the oldest event
    that it may not contain, 0 when it contains all.
    """

    position: int
    lag_seconds: float
