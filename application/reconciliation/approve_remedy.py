"""Approve or decline a write-off that another person proposed (N4)."""

import datetime as dt

from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.reconciliation import read_reconciliation
from application.reconciliation.ports import ReconciliationPorts
from application.reconciliation.read_reconciliation import BreakDetails
from domain.kernel import ids
from domain.ledger import reconciliation as ledger_rules
from domain.ledger.carriage import Posted
from domain.reconciliation import days


class ApproveRemedy(Command, frozen=True):
    """Approve with the entry that moves the money, or decline; `named` is the break's id."""

    day: dt.date
    named: str
    approved: bool
    by: str

    @property
    def streams(self) -> tuple[str, ...]:
        """The reconciliation of the day."""
        return (ids.reconciliation_stream(self.day),)

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BreakNotFound, RemedyNotProposed and ApproverMustDiffer."""
        stream = ids.reconciliation_stream(self.day)
        day = context.load(stream_kinds.RECONCILIATION, stream)
        if not self.approved:
            context.record(
                stream, days.decline(day, self.named, by=self.by, reason="not_justified")
            )
            return Reply(stream)
        known = days.require_approver(day, self.named, by=self.by)
        assert known.account is not None
        references = (self.named, known.found.sources[1], *known.found.evidence.provider_ids)
        entry = ledger_rules.write_off_entry(
            Posted(stream, references, context.now),
            amount=known.found.amount,
            account=known.account,
        )
        context.record(stream, days.approve(day, self.named, by=self.by, entry=entry))
        return Reply(stream)


async def approve_remedy(
    ports: ReconciliationPorts, caller: Caller, *, day: dt.date, break_id: str, approved: bool
) -> BreakDetails:
    """Approve or decline, and return the break. Rejects what the command does."""
    command = ApproveRemedy(day=day, named=break_id, approved=approved, by=caller.principal.user)
    await ports.bus.submit(caller.envelope(command))
    return await read_reconciliation.read_break(ports, day, break_id)
