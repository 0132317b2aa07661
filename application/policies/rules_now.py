"""What a policy says at the instant of a decision.

A decision reads only the streams of the policies that it needs; its append checks that nothing was
published in them meanwhile.
"""

from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.commands.context import DecisionContext
from application.ports import Clock
from domain.policies.book import PolicyBook, Value
from domain.policies.scope import ANY_SALE, Sale
from domain.policies.state import of_launch
from domain.policies.values import name_of_type, stream_of


def load_rule(context: DecisionContext, kind: type[Value], sale: Sale = ANY_SALE) -> Value:
    """Return what the policy of such values says for the sale at the instant of the decision."""
    name = name_of_type(kind)
    policy = context.load(stream_kinds.POLICY, stream_of(name)) or of_launch(name)
    return PolicyBook({name: policy}).value_in_force(kind, sale, at=context.now)


async def read_rule(
    bus: CommandBus, kind: type[Value], sale: Sale = ANY_SALE, *, clock: Clock
) -> Value:
    """Return what the log has now, outside of a decision; raises Unavailable."""
    name = name_of_type(kind)
    found = await bus.current(stream_kinds.POLICY, stream_of(name))
    book = PolicyBook({name: found[0] or of_launch(name)})
    return book.value_in_force(kind, sale, at=clock())
