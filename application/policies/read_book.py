"""Reads the policy book: within a decision, and from outside as the log has it now."""

from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.commands.context import DecisionContext
from domain.policies.book import PolicyBook, book_of
from domain.policies.state import of_launch
from domain.policies.values import NAMES, OPERATING, stream_of

STREAMS = {name: stream_of(name) for name in NAMES}
# What a price depends on, and whether there is one.
_OF_SALES = {
    name: stream
    for name, stream in STREAMS.items()
    if name not in OPERATING or name in ("sales_window", "connecting_times")
}


def load_book(context: DecisionContext) -> PolicyBook:
    """Return the policies that a sale depends on, and no others: `operating_rules` loads those.

    The append checks that nothing was published meanwhile.
    """
    read = context.load_all(stream_kinds.POLICY, tuple(_OF_SALES.values()))
    return PolicyBook({name: read[stream] or of_launch(name) for name, stream in _OF_SALES.items()})


async def read_book(bus: CommandBus) -> PolicyBook:
    """Return the book as the log has it now, by one read; raises Unavailable."""
    read = await bus.current_all(stream_kinds.POLICY, tuple(STREAMS.values()))
    return book_of({name: read[stream][0] for name, stream in STREAMS.items()})
