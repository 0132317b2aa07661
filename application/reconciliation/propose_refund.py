"""Propose to give back what Stripe took twice; another person approves it (N4)."""

import datetime as dt
from collections.abc import Sequence

from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.ledger.books import Books, JournalQuestion
from application.reconciliation import (
    read_at_stripe,
    read_reconciliation,
    stripe_leg,
)
from application.reconciliation.ports import ReconciliationPorts
from application.reconciliation.read_reconciliation import BreakDetails
from application.settlement.gateway import ListedTransaction
from domain.kernel import ids, money
from domain.ledger import rules
from domain.reconciliation import rejections, remedies
from domain.reconciliation.state import DuplicateCharge, RemedyReason
from domain.settlement import categories
from domain.settlement.state import Transaction


class ProposeRefund(Command, frozen=True):
    """Propose to give a duplicate charge back; `named` is the break's id."""

    day: dt.date
    named: str
    duplicate: DuplicateCharge
    by: str
    reason: RemedyReason

    @property
    def streams(self) -> tuple[str, ...]:
        """The reconciliation of the day."""
        return (ids.reconciliation_stream(self.day),)

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BreakNotFound, BreakNotOpen and RemedyNotAllowed."""
        stream = ids.reconciliation_stream(self.day)
        recorded = remedies.propose_refund(
            context.load(stream_kinds.RECONCILIATION, stream),
            self.named,
            duplicate=self.duplicate,
            by=self.by,
            reason=self.reason,
        )
        context.record(stream, recorded)
        return Reply(stream)


async def propose_refund(
    ports: ReconciliationPorts,
    caller: Caller,
    *,
    day: dt.date,
    break_id: str,
    reason: RemedyReason,
) -> BreakDetails:
    """Read at Stripe what was taken twice, propose to refund it, and return the break.

    Rejects what the command does, and RemedyNotAllowed where nothing was taken twice. Raises the
    failures of the gateway, and Unavailable.
    """
    if await ports.bus.stored_answer(caller.command_id, caller.fingerprint) is not None:
        return await read_reconciliation.read_break(ports, day, break_id)
    found = remedies.require_refundable(await read_reconciliation.read_day(ports, day), break_id)
    listed = await read_at_stripe.read_transactions(ports, found)
    command = ProposeRefund(
        day=day,
        named=break_id,
        duplicate=await _duplicate(ports.books, listed),
        by=caller.principal.user,
        reason=reason,
    )
    await ports.bus.submit(caller.envelope(command))
    return await read_reconciliation.read_break(ports, day, break_id)


async def _duplicate(books: Books, listed: Sequence[ListedTransaction]) -> DuplicateCharge:
    """Return the charge that these transactions are about, which the ledger has not."""
    read = [each.transaction for each in listed]
    first = read[0]
    if first.category != categories.CHARGE or first.charge is None or first.intent is None:
        raise rejections.RemedyNotAllowed(field="decision", reason="not_a_charge")
    taken = [_taken(each) for each in read]
    amount = money.total(taken, taken[0].currency)
    if amount.amount <= 0:
        raise rejections.RemedyNotAllowed(field="decision", reason="nothing_taken_twice")
    if await _is_captured(books, first.charge):
        # Its own fare would go back: several transactions of one charge are for Stripe to explain.
        raise rejections.RemedyNotAllowed(field="decision", reason="charge_is_booked")
    return DuplicateCharge(
        intent=first.intent,
        charge=first.charge,
        amount=amount,
        transactions=tuple(each.id for each in read),
        digests=tuple(stripe_leg.digest_of(each) for each in read),
    )


def _taken(transaction: Transaction) -> money.Money:
    """Return what was charged, in the currency of the charge."""
    return transaction.gross if transaction.charged is None else transaction.charged


async def _is_captured(books: Books, charge: str) -> bool:
    known = (await books.journal_as_of()).position
    asked = JournalQuestion(rule=rules.CAPTURE_RULE, reference=charge)
    return bool(await books.find_entries(asked, known=known, limit=1))
