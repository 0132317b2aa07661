"""How urgent the calls to Stripe are that a piece of work makes: decides who goes first.

Declared once where the work begins, and valid for all that it calls; a request over HTTP declares
nothing and is a checkout.
"""

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Urgency(enum.IntEnum):
    """The most urgent first."""

    CHECKOUT = 0  # a person waits for the answer
    EFFECT = 1  # something happened at Stripe or in the log and has to be followed up
    SWEEP = 2  # a timer repeats unfinished work, and will do so again


_current: ContextVar[Urgency] = ContextVar("urgency", default=Urgency.CHECKOUT)


def current() -> Urgency:
    """Return the urgency of the work that calls."""
    return _current.get()


@contextmanager
def calls_are(urgency: Urgency) -> Iterator[None]:
    """Make all calls within the block, and within tasks that it starts, this urgent."""
    token = _current.set(urgency)
    try:
        yield
    finally:
        _current.reset(token)
