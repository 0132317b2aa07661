"""Look up the rows of a day that another leg has outside of what was read.

A fact may be booked weeks after Stripe listed it: its webhook was lost, and the remedy of a break
books it now. A second charge of an intent may follow the first one at any time. Only what does not
fit is looked up, each by one question.
"""

import datetime as dt

from msgspec.structs import replace

from application.reconciliation import ledger_leg, stripe_leg
from application.reconciliation.ledger_leg import LedgerLeg
from application.reconciliation.ports import ReconciliationPorts
from domain.reconciliation import matching
from domain.reconciliation.matching import Group
from domain.reconciliation.records import BookedFact, BookedTransaction, Legs


async def complete(
    ports: ReconciliationPorts, legs: Legs, *, since: dt.date, until: dt.date
) -> Legs:
    """Return the legs with all that belongs to the groups of these days, whenever it was.

    Raises the failures of the gateway, and Unavailable.
    """
    found = Legs()
    for group in matching.groups(legs):
        if not matching.fits(group) and since <= group.day <= until:
            found = _with(found, await _rows_of(ports, group))
    return _with(legs, found)


async def _rows_of(ports: ReconciliationPorts, group: Group) -> Legs:
    booked = await _booked(ports, group) if group.listed else LedgerLeg((), ())
    facts = group.facts
    if group.listed:
        facts = tuple(each for each in booked.facts if each not in group.facts)
    elif ports.clock() - group.newest <= matching.RECORDED_WITHIN:
        facts = ()
    sources = {each.source for each in facts if each.key == group.key and each.source is not None}
    listed = [
        row for source in sorted(sources) for row in await stripe_leg.find(ports.stripe, source)
    ]
    names = {each.id for each in (*group.listed, *listed)}
    return Legs(
        facts=booked.facts,
        transactions=tuple(each for each in booked.transactions if each.transaction in names),
        listed=tuple(listed),
    )


async def _booked(ports: ReconciliationPorts, group: Group) -> LedgerLeg:
    """Return what was booked for the group, and captures of an intent that it collects again."""
    intents = {intent for each in group.listed for intent in each.collects}
    facts: list[BookedFact] = []
    transactions: list[BookedTransaction] = []
    for reference in sorted({group.key, *intents}):
        found = await ledger_leg.find(ports.books, reference)
        transactions += found.transactions
        facts += [
            each
            for each in found.facts
            if (each.category, each.key) == (group.category, group.key)
            or not intents.isdisjoint(each.collects)
        ]
    return LedgerLeg(tuple(facts), tuple(transactions))


def _with(legs: Legs, more: Legs) -> Legs:
    return replace(
        legs,
        facts=(*legs.facts, *more.facts),
        transactions=(*legs.transactions, *more.transactions),
        listed=(*legs.listed, *more.listed),
    )
