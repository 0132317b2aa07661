"""Propose a version of a policy; it is published once another person approves, or at once where it
is about operations (O1).
"""

import datetime as dt

from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies.ports import PolicyPorts
from application.policies.read_policies import (
    PolicyDetails,
    details_after,
    require_may_set,
    require_name,
)
from domain.policies import publication
from domain.policies.events import PublicationReason
from domain.policies.scope import EVERYWHERE, Scope
from domain.policies.state import of_launch
from domain.policies.values import PolicyValue, name_of, stream_of


async def propose_policy(
    ports: PolicyPorts,
    caller: Caller,
    value: PolicyValue,
    *,
    scope: Scope,
    valid_from: dt.datetime | None,
    reason: PublicationReason,
) -> PolicyDetails:
    """Propose a version, in force from `valid_from` (UTC) or as soon as it may be.

    Rejects MoneyPolicy and what the command does; raises Unavailable.
    """
    require_may_set(caller.principal, name_of(value))
    command = ProposePolicy(
        policy_id=stream_of(name_of(value)),
        value=value,
        author=caller.principal.user,
        reason=reason,
        scope=scope,
        valid_from=valid_from,
    )
    return await details_after(ports, await ports.bus.submit(caller.envelope(command)))


class ProposePolicy(Command, frozen=True):
    """Propose a version of the policy of this stream."""

    policy_id: str
    value: PolicyValue
    author: str
    reason: PublicationReason
    scope: Scope = EVERYWHERE
    valid_from: dt.datetime | None = None

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects InvalidPolicy."""
        name = require_name(self.policy_id)
        proposed = publication.propose(
            context.load(stream_kinds.POLICY, self.policy_id) or of_launch(name),
            value=self.value,
            scope=self.scope,
            valid_from=self.valid_from,
            author=self.author,
            reason=self.reason,
            now=context.now,
        )
        context.record(self.policy_id, proposed)
        return Reply(self.policy_id)
