"""Look up the rows of a day that another leg has outside of what was read.

A fact may be booked weeks after Stripe listed it: its webhook was lost, and the remedy of a break
books it now. A second charge of an intent may follow the first one at any time. Only what does not
fit is looked up, each by one question.
"""

import datetime as dt

from msgspec.structs import replace

from application.reconciliation import ledger_leg, stripe_leg
from application.reconciliation.ports import ReconciliationPorts
from domain.kernel.entries import accounting_day
from domain.reconciliation import matching
from domain.reconciliation.matching import Group
from domain.reconciliation.records import BookedFact, BookedTransaction, Legs, Listed


async def complete(
    ports: ReconciliationPorts, legs: Legs, *, since: dt.date, until: dt.date
) -> Legs:
    """Return the legs with all that belongs to the groups of these days, whenever it was.

    Raises the failures of the gateway, and Unavailable.
    """
    now = ports.clock()
    facts: list[BookedFact] = []
    transactions: list[BookedTransaction] = []
    listed: list[Listed] = []
    for group in matching.groups(legs):
        if matching.fits(group) or not since <= accounting_day(group.since) <= until:
            continue
        if group.listed:
            booked = await _booked(ports, group)
            facts += booked.facts
            transactions += booked.transactions
        elif now - group.newest > matching.RECORDED_WITHIN:
            for source in sorted({each.source for each in group.facts if each.source}):
                listed += await stripe_leg.find(ports.stripe, source)
    return replace(
        legs,
        facts=(*legs.facts, *facts),
        transactions=(*legs.transactions, *transactions),
        listed=(*legs.listed, *listed),
    )


async def _booked(ports: ReconciliationPorts, group: Group) -> ledger_leg.LedgerLeg:
    """Return what was booked for the group, and captures of an intent that it collects again."""
    intents = {intent for each in group.listed for intent in each.collects}
    listed = {each.id for each in group.listed}
    facts: list[BookedFact] = []
    transactions: list[BookedTransaction] = []
    for reference in sorted({group.key, *intents}):
        found = await ledger_leg.find(ports.books, reference)
        facts += [
            each
            for each in found.facts
            if (each.category, each.key) == (group.category, group.key)
            or not intents.isdisjoint(each.collects)
        ]
        transactions += [each for each in found.transactions if each.transaction in listed]
    return ledger_leg.LedgerLeg(tuple(facts), tuple(transactions))
