"""Compares the rows with the domain's own fold of every credit."""

import datetime as dt
from collections.abc import Iterator

from application.commands import stream_kinds
from domain.credit import credits
from domain.credit import events as credit_events
from domain.credit.state import Credit
from projections import reading, rows
from projections.credits.projector import TABLE, CreditRow
from projections.projection import Cursor


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    known: dict[str, Credit] = {}
    proposed_at: dict[str, dt.datetime] = {}
    ordered_at: dict[str, dt.datetime] = {}
    for logged in log.with_tags_of(stream_kinds.CREDIT).events(cursor):
        assert isinstance(logged.event, credit_events.CreditEvent)
        known[logged.stream] = credits.evolve(known.get(logged.stream), logged.event)
        if isinstance(logged.event, credit_events.PayoutProposed):
            proposed_at[logged.stream] = logged.recorded_at
        if isinstance(logged.event, credit_events.GiftCardOrdered):
            ordered_at[logged.stream] = logged.recorded_at
    expected = {
        name: CreditRow(
            name,
            credit.owner,
            credit.origin,
            credit.booking,
            credit.issued.currency,
            credit.issued.amount,
            credit.balance.amount,
            credit.expires_at,
            None if credit.payout is None else proposed_at[name],
            None if credit.gift_card is None else credit.gift_card.buyer,
            None if credit.gift_card is None else credit.gift_card.code_digest,
            ordered_at.get(name),
            len(credit.blocked_by),
        )
        for name, credit in known.items()
    }
    found = {
        row.credit: row
        for row in rows.load_all(cursor, TABLE, CreditRow)
        if row.credit not in log.parked
    }
    yield from reading.compare(expected, found)
