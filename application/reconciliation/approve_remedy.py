"""Approve or decline a write-off or a refund that another person proposed (N4).

A duplicate is booked as money that belongs to no booking, owed to its payer and refunded as any
parked money is, in the same append as the approval: two approvals make one refund.
"""

import datetime as dt

from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.payment import record_unmatched
from application.payment.record_unmatched import RecordUnmatchedMoney
from application.payment.return_parked_funds import ReturnParkedFunds
from application.reconciliation import read_reconciliation
from application.reconciliation.ports import ReconciliationPorts
from application.reconciliation.read_reconciliation import BreakDetails
from domain.kernel import ids
from domain.ledger import reconciliation as ledger_rules
from domain.ledger.carriage import Posted
from domain.reconciliation import days, rejections, remedies
from domain.reconciliation.state import DuplicateCharge, ReconciledDay

FIRST_DUPLICATE = record_unmatched.NUMBER + 1
# Duplicates of one intent that are given back; Stripe takes an intent once.
DUPLICATES_LIMIT = 9


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
        if known.duplicate is not None:
            _refund(self, day, known.duplicate, context)
            return Reply(stream)
        assert known.account is not None
        references = (self.named, known.found.sources[1], *known.found.evidence.provider_ids)
        entry = ledger_rules.write_off_entry(
            Posted(stream, references, context.now),
            amount=known.found.amount,
            account=known.account,
        )
        context.record(stream, days.approve(day, self.named, by=self.by, entry=entry))
        return Reply(stream)


def _refund(
    command: ApproveRemedy,
    day: ReconciledDay | None,
    duplicate: DuplicateCharge,
    context: DecisionContext,
) -> None:
    """Book the duplicate, and request its refund."""
    number = _free_number(duplicate.intent, context)
    booked = RecordUnmatchedMoney(
        intent=duplicate.intent,
        charge=duplicate.charge,
        amount=duplicate.amount,
        number=number,
    ).decide(context)
    returned = ReturnParkedFunds(booked.stream, duplicate.intent).decide(context)
    recorded = remedies.approve_refund(
        day,
        command.named,
        by=command.by,
        payment=booked.stream,
        refunds=returned.ids["refunds"].split(","),
    )
    context.record(ids.reconciliation_stream(command.day), recorded)


def _free_number(intent: str, context: DecisionContext) -> int:
    """Return the number of the intent's next payment; its first is that of unmatched money."""
    for number in range(FIRST_DUPLICATE, FIRST_DUPLICATE + DUPLICATES_LIMIT):
        if context.load(stream_kinds.PAYMENT, ids.payment_stream(intent, number)) is None:
            return number
    raise rejections.RemedyNotAllowed(field="decision", reason="too_many_duplicates")


async def approve_remedy(
    ports: ReconciliationPorts, caller: Caller, *, day: dt.date, break_id: str, approved: bool
) -> BreakDetails:
    """Approve or decline, and return the break. Rejects what the command does."""
    command = ApproveRemedy(day=day, named=break_id, approved=approved, by=caller.principal.user)
    await ports.bus.submit(caller.envelope(command))
    return await read_reconciliation.read_break(ports, day, break_id)
