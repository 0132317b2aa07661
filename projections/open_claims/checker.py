"""Compares the rows with the domain's own fold of every claim."""

import datetime as dt
from collections.abc import Iterator

from application.commands import stream_kinds
from domain.compensation import claims
from domain.compensation import events as claim_events
from domain.compensation.state import Claim, ClaimStatus
from projections import reading, rows
from projections.open_claims.projector import TABLE, ClaimRow
from projections.projection import Cursor

OPEN = frozenset({ClaimStatus.ASSESSED, ClaimStatus.OFFERED, ClaimStatus.ACCEPTED})


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    known: dict[str, Claim] = {}
    reached_at: dict[str, dt.datetime] = {}
    for logged in log.with_tags_of(stream_kinds.CLAIM).events(cursor):
        assert isinstance(logged.event, claim_events.ClaimEvent)
        known[logged.stream] = claims.evolve(known.get(logged.stream), logged.event)
        reached_at[logged.stream] = logged.recorded_at
    expected = {
        name: ClaimRow(
            name,
            claim.booking,
            claim.flight,
            claim.cause,
            claim.regime,
            claim.amount.amount,
            claim.amount.currency,
            claim.status,
            reached_at[name],
        )
        for name, claim in known.items()
        if claim.status in OPEN
    }
    found = {
        row.claim: row
        for row in rows.load_all(cursor, TABLE, ClaimRow)
        if row.claim not in log.parked
    }
    yield from reading.compare(expected, found)
