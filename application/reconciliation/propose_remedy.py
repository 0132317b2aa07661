"""Decide about a break: append it from Stripe, propose a refund or a write-off, or mark as timing.

A write-off and a refund move money, so they wait for another person.
"""

import datetime as dt

from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.reconciliation import read_reconciliation
from application.reconciliation.append_from_stripe import append_from_stripe
from application.reconciliation.ports import ReconciliationPorts
from application.reconciliation.propose_refund import propose_refund
from application.reconciliation.read_reconciliation import BreakDetails
from domain.kernel import ids
from domain.ledger import reconciliation as ledger_rules
from domain.reconciliation import days, rejections
from domain.reconciliation.state import Decision, RemedyReason


class ProposeRemedy(Command, frozen=True):
    """Propose a write-off, or mark as timing; `named` is the break's id.

    `account` is only for a write-off.
    """

    day: dt.date
    named: str
    decision: Decision
    account: str | None
    by: str
    reason: RemedyReason

    @property
    def streams(self) -> tuple[str, ...]:
        """The reconciliation of the day."""
        return (ids.reconciliation_stream(self.day),)

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BreakNotFound, BreakNotOpen and RemedyNotAllowed."""
        stream = ids.reconciliation_stream(self.day)
        day = context.load(stream_kinds.RECONCILIATION, stream)
        if self.decision == "mark_as_timing":
            if self.account is not None:
                raise rejections.RemedyNotAllowed(field="account", reason="only_for_a_write_off")
            recorded = days.resolve(day, self.named, by=self.by, reason=self.reason)
        elif self.account not in ledger_rules.WRITE_OFF_ACCOUNTS:
            raise rejections.RemedyNotAllowed(field="account", reason="not_for_a_write_off")
        else:
            recorded = days.propose(
                day, self.named, account=self.account, by=self.by, reason=self.reason
            )
        context.record(stream, recorded)
        return Reply(stream)


async def propose_remedy(
    ports: ReconciliationPorts,
    caller: Caller,
    *,
    day: dt.date,
    break_id: str,
    decision: Decision,
    account: str | None,
    reason: RemedyReason,
) -> BreakDetails:
    """Propose, and return the break; what moves money waits for another person (N4).

    Rejects BreakNotFound, BreakNotOpen and RemedyNotAllowed. Raises the failures of the gateway for
    what is read at Stripe, and Unavailable.
    """
    if decision in {"append_from_stripe", "refund"}:
        if account is not None:
            raise rejections.RemedyNotAllowed(field="account", reason="only_for_a_write_off")
        use_case = append_from_stripe if decision == "append_from_stripe" else propose_refund
        return await use_case(ports, caller, day=day, break_id=break_id, reason=reason)
    command = ProposeRemedy(
        day=day,
        named=break_id,
        decision=decision,
        account=account,
        by=caller.principal.user,
        reason=reason,
    )
    await ports.bus.submit(caller.envelope(command))
    return await read_reconciliation.read_break(ports, day, break_id)
