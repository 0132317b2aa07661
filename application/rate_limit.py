"""The port that counts requests in windows shared by all processes."""

from typing import Protocol

import msgspec


class Limit(msgspec.Struct, frozen=True):
    """`count` requests in a window that opens with the first of them."""

    count: int
    window_seconds: int


class Slice(msgspec.Struct, frozen=True):
    """Tokens granted, 0 when none are left, the seconds until the window closes, and the tokens
    that are left in it for all processes."""

    granted: int
    closes_in_seconds: float
    left: int = 0


class TokenStore(Protocol):
    """Windows of tokens; the slices of one window never add up to more than its limit."""

    async def take(self, key: str, *, want: int, limit: Limit) -> Slice:
        """Up to `want` tokens of the key's window, atomically; raises Unavailable."""
        ...

    async def is_first_refusal(self, key: str, *, seconds: float) -> bool:
        """Whether no process asked this of the key in the last `seconds`; raises Unavailable."""
        ...
