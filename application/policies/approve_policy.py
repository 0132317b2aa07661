"""Publish a version of a policy that another person proposed (O1)."""

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
from domain.policies.state import of_launch
from domain.policies.values import stream_of


async def approve_policy(
    ports: PolicyPorts, caller: Caller, name: str, *, number: int
) -> PolicyDetails:
    """Approve the proposal of this number; sales follow it from its date on.

    Rejects PolicyNotFound, MoneyPolicy and what the command does; raises Unavailable.
    """
    policy_id = stream_of(name)
    require_may_set(caller.principal, require_name(policy_id))
    command = ApprovePolicy(policy_id=policy_id, number=number, approver=caller.principal.user)
    return await details_after(ports, await ports.bus.submit(caller.envelope(command)))


class ApprovePolicy(Command, frozen=True):
    """Approve a proposal."""

    policy_id: str
    number: int
    approver: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects ProposalGone, SecondPersonNeeded and InvalidPolicy."""
        name = require_name(self.policy_id)
        published = publication.approve(
            context.load(stream_kinds.POLICY, self.policy_id) or of_launch(name),
            number=self.number,
            approver=self.approver,
            now=context.now,
        )
        context.record(self.policy_id, published)
        return Reply(self.policy_id)
