"""Reads the policy book: within a decision, and from outside as the log has it now."""

from collections.abc import Sequence

from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.commands.context import DecisionContext
from domain.policies.book import PolicyBook, book_of
from domain.policies.state import of_launch
from domain.policies.values import MOMENTS, NAMES, PolicyName, stream_of

STREAMS = {name: stream_of(name) for name in NAMES}
# What a sale is made under, what its price can be, and whether there is one: it reads no other.
_OF_PRICES = ("least_charges", "sales_window", "connecting_times")
OF_SALES = tuple(name for name in NAMES if MOMENTS[name] == "sale" or name in _OF_PRICES)


def load_book(context: DecisionContext, names: Sequence[PolicyName] = OF_SALES) -> PolicyBook:
    """Return these policies, or those of a sale; no other may be asked of the book.

    The append checks that nothing was published in them meanwhile.
    """
    read = context.load_all(stream_kinds.POLICY, [STREAMS[each] for each in names])
    return PolicyBook({each: read[STREAMS[each]] or of_launch(each) for each in names})


async def read_book(bus: CommandBus) -> PolicyBook:
    """Return the book as the log has it now, by one read; raises Unavailable."""
    read = await bus.current_all(stream_kinds.POLICY, tuple(STREAMS.values()))
    return book_of({name: read[stream][0] for name, stream in STREAMS.items()})
