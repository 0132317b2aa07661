"""Reads the policy book: within a decision, and from outside as the log has it now."""

from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.commands.context import DecisionContext
from domain.policies.book import PolicyBook, book_of
from domain.policies.values import NAMES, stream_of

STREAMS = {name: stream_of(name) for name in NAMES}


def load_book(context: DecisionContext) -> PolicyBook:
    """Return the book; the append checks that nothing was published meanwhile."""
    read = context.load_all(stream_kinds.POLICY, tuple(STREAMS.values()))
    return book_of({name: read[stream] for name, stream in STREAMS.items()})


async def read_book(bus: CommandBus) -> PolicyBook:
    """Return the book as the log has it now, by one read; raises Unavailable."""
    read = await bus.current_all(stream_kinds.POLICY, tuple(STREAMS.values()))
    return book_of({name: read[stream][0] for name, stream in STREAMS.items()})
