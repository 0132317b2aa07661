"""Compares account 1010 with the postings of the append, and the rows with the events."""

from collections.abc import Iterator

import msgspec

from domain.kernel import ids
from domain.ledger import accounts
from domain.settlement import events as settlement_events
from domain.settlement import payouts
from domain.settlement.state import Payout
from projections import reading, rows
from projections.projection import Cursor, LoggedEvent
from projections.stripe_settlement import projector
from projections.stripe_settlement.projector import AmountRow, PaidOutRow, PayoutRow

_CLEARING = """
SELECT currency, c.amount, p.amount
FROM stripe_clearing AS c
FULL JOIN (SELECT currency, sum(amount)::bigint AS amount FROM {posting}
           WHERE position <= %s AND account = %s GROUP BY currency) AS p USING (currency)
WHERE c.amount IS DISTINCT FROM p.amount ORDER BY currency
"""


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    parameters = (log.upto, accounts.STRIPE_CLEARING)
    for currency, have, want in cursor.execute(log.tables.query(_CLEARING), parameters).fetchall():
        yield f"account 1010 holds {have} {currency}, its postings sum to {want}"
    expected: dict[str, dict[str, msgspec.Struct]] = {table: {} for table in _TABLES}
    folded: dict[str, Payout] = {}
    for logged in log.events(cursor):
        _take_amounts(expected[projector.AMOUNTS], logged)
        for row in projector.comparison_rows(logged):
            expected[projector.COMPARISONS][row.comparison] = row
        if isinstance(logged.event, settlement_events.TransactionRecorded):
            recorded = projector.transaction_row(logged.event, logged.recorded_at)
            expected[projector.TRANSACTIONS][recorded.transaction] = recorded
        if isinstance(logged.event, settlement_events.PayoutEvent):
            payout = payouts.evolve(folded.get(logged.stream), logged.event)
            folded[logged.stream] = payout
            _take_payout(expected, logged, payout)
    for table, (key, row_type) in _TABLES.items():
        found = {getattr(row, key): row for row in rows.load_all(cursor, table, row_type)}
        yield from reading.compare(expected[table], found)


_TABLES: dict[str, tuple[str, type[msgspec.Struct]]] = {
    projector.TRANSACTIONS: ("transaction", projector.TransactionRow),
    projector.PAYOUTS: ("payout", PayoutRow),
    projector.PAID_OUT: ("transaction", PaidOutRow),
    projector.AMOUNTS: ("amount_of", AmountRow),
    projector.COMPARISONS: ("comparison", projector.ComparisonRow),
}


def _take_amounts(expected: dict[str, msgspec.Struct], logged: LoggedEvent) -> None:
    for name, sides in (
        ("booked", projector.booked_sides(logged.event)),
        ("listed", projector.listed_sides(logged.event)),
    ):
        for side in sides:
            begun = AmountRow(
                side.key, side.source, side.amount.currency, None, None, logged.recorded_at
            )
            setattr(expected.setdefault(side.key, begun), name, side.amount.amount)


def _take_payout(
    expected: dict[str, dict[str, msgspec.Struct]], logged: LoggedEvent, payout: Payout
) -> None:
    """Take over the payout after the event; its status is as old as the event that changed it."""
    name = ids.payout_of(logged.stream)
    before = expected[projector.PAYOUTS].get(name)
    assert before is None or isinstance(before, PayoutRow)
    event = logged.event
    code = None if before is None else before.failure_code
    created_at = logged.recorded_at if before is None else before.created_at
    if isinstance(event, settlement_events.PayoutCreated):
        created_at = event.created_at
    if isinstance(event, settlement_events.PayoutFailed):
        code = event.code
    moved = before is None or before.status != payout.status
    expected[projector.PAYOUTS][name] = PayoutRow(
        payout=name,
        amount=payout.amount.amount,
        currency=payout.amount.currency,
        automatic=payout.automatic,
        status=payout.status,
        arrives_on=payout.arrives_on,
        created_at=created_at,
        since=logged.recorded_at if moved or before is None else before.since,
        failure_code=code,
        transaction_count=None if payout.transactions is None else len(payout.transactions),
        paid_out=None if payout.paid_out is None else payout.paid_out.amount,
    )
    for each in payout.transactions or ():
        if isinstance(event, settlement_events.PayoutReconciled):
            expected[projector.PAID_OUT][each] = PaidOutRow(each, name)
