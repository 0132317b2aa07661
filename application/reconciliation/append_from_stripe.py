"""Append what Stripe proves about a break: the facts that the ledger lacks, and their fees.

Each object is fetched and recorded as its webhook would have been, by the same commands, so that a
webhook which comes after all changes nothing. What is recorded has the user as its actor and the
day's reconciliation as its correlation id: it was found here. A fact of Stripe needs no second
person.
"""

import datetime as dt

from application.caller import Caller
from application.commands import follow_up, stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.payment import stripe_event_types
from application.reconciliation import read_at_stripe, read_reconciliation, stripe_leg
from application.reconciliation.ports import ReconciliationPorts
from application.reconciliation.read_reconciliation import BreakDetails
from domain.kernel import ids
from domain.reconciliation import rejections, remedies
from domain.reconciliation.state import RemedyReason
from domain.settlement import categories
from domain.settlement.state import Transaction

# The event of Stripe by which a webhook would have reported an object.
_BY_SOURCE = {
    categories.REFUND: stripe_event_types.REFUND_UPDATED,
    categories.REFUND_FAILURE: stripe_event_types.REFUND_UPDATED,
    categories.DISPUTE: stripe_event_types.DISPUTE_UPDATED,
    categories.DISPUTE_REVERSAL: stripe_event_types.DISPUTE_UPDATED,
    "payout": stripe_event_types.PAYOUT_UPDATED,
    "payout_reversal": stripe_event_types.PAYOUT_UPDATED,
}


class AppendFromStripe(Command, frozen=True):
    """Record which transactions of a break were read and appended; `named` is the break's id."""

    day: dt.date
    named: str
    transactions: tuple[str, ...]
    digests: tuple[str, ...]
    by: str
    reason: RemedyReason

    @property
    def streams(self) -> tuple[str, ...]:
        """The reconciliation of the day."""
        return (ids.reconciliation_stream(self.day),)

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BreakNotFound, BreakNotOpen and RemedyNotAllowed."""
        stream = ids.reconciliation_stream(self.day)
        recorded = remedies.append(
            context.load(stream_kinds.RECONCILIATION, stream),
            self.named,
            transactions=self.transactions,
            digests=self.digests,
            by=self.by,
            reason=self.reason,
        )
        context.record(stream, recorded)
        return Reply(stream)


async def append_from_stripe(
    ports: ReconciliationPorts,
    caller: Caller,
    *,
    day: dt.date,
    break_id: str,
    reason: RemedyReason,
) -> BreakDetails:
    """Append, and return the break; the next run says whether it is explained (N6).

    Rejects what the command does, and RemedyNotAllowed where Stripe proves nothing that the ledger
    could book. Raises the failures of the gateway, and Unavailable.
    """
    if await ports.bus.stored_answer(caller.command_id, caller.fingerprint) is not None:
        return await read_reconciliation.read_break(ports, day, break_id)
    found = remedies.require_appendable(await read_reconciliation.read_day(ports, day), break_id)
    listed = await read_at_stripe.read_transactions(ports, found)
    cause = follow_up.Cause(
        id=caller.command_id, actor=caller.actor, correlation_id=ids.reconciliation_stream(day)
    )
    reported = [_as_reported(each.transaction) for each in listed]
    for each in reported:
        if each is not None:
            event_type, object_id = each
            await ports.process_event(event_type, object_id, cause=cause)
    await ports.record_transactions(listed)
    command = AppendFromStripe(
        day=day,
        named=break_id,
        transactions=tuple(each.id for each in listed),
        digests=tuple(stripe_leg.digest_of(each.transaction) for each in listed),
        by=caller.principal.user,
        reason=reason,
    )
    await ports.bus.submit(caller.envelope(command))
    return await read_reconciliation.read_break(ports, day, break_id)


def _as_reported(transaction: Transaction) -> tuple[str, str] | None:
    """Return the event and object by which Stripe reports the fact; None where it has none.

    Rejects RemedyNotAllowed for money that no rule of the ledger books.
    """
    category = transaction.category
    if category == categories.CHARGE and transaction.intent is not None:
        return stripe_event_types.CAPTURED, transaction.intent
    if category in _BY_SOURCE and transaction.source is not None:
        return _BY_SOURCE[category], transaction.source
    treatment = categories.TREATMENTS.get(category)
    if treatment is None or treatment.amount_by != "transaction":
        raise rejections.RemedyNotAllowed(field="decision", reason="nobody_books_it")
    return None
