"""Match the legs: which rows belong together, and what does not fit (N1, N2).

Rows belong together by category and key. What account 1010 holds for them has to be exactly what
Stripe's balance changed by: the amount of the fact, with the fee and exchange of the transaction.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from domain.kernel.entries import accounting_day
from domain.kernel.money import Money
from domain.reconciliation import bank_leg
from domain.reconciliation.breaks import Break, BreakClass, Evidence
from domain.reconciliation.records import (
    BookedFact,
    BookedTransaction,
    Legs,
    Listed,
    OpenHold,
)
from domain.reconciliation.state import DayTotal, Outcome

RULE = "clearing_by_source"
HOLD_RULE = "holds_by_expiry"
VERSION = 2
# Stripe lists a movement within hours; what it has not listed after three days is missing.
MISSING_AFTER = dt.timedelta(days=3)
# Webhooks and the sweep of each minute record a movement within this time.
RECORDED_WITHIN = dt.timedelta(hours=1)
# What follows a charge or a payout and changes its state.
FOLLOWING = frozenset({"dispute", "dispute_reversal", "refund_failure", "payout_reversal"})

_encode = msgspec.json.Encoder(order="deterministic").encode


class Group(msgspec.Struct, frozen=True):
    """The rows of one category and key, sorted; `own` are those of its transactions themselves."""

    category: str
    key: str
    facts: tuple[BookedFact, ...]
    listed: tuple[Listed, ...]
    own: tuple[BookedTransaction, ...]

    @property
    def since(self) -> dt.datetime:
        """Return the instant of the earliest row."""
        return min(
            [each.booked_at for each in self.facts] + [each.created_at for each in self.listed]
        )

    @property
    def day(self) -> dt.date:
        """Return the day of what Stripe listed last, else of what was booked first.

        So it is the same however late it was booked, and a second transaction breaks its own day.
        """
        if self.listed:
            return accounting_day(max(each.created_at for each in self.listed))
        return accounting_day(self.since)

    @property
    def newest(self) -> dt.datetime:
        """Return the instant of the latest row."""
        return max(
            [each.booked_at for each in self.facts] + [each.created_at for each in self.listed]
        )

    @property
    def booked(self) -> tuple[Money, ...]:
        """Return what account 1010 holds for the group, by currency."""
        return sums([*_amounts(self.facts), *_amounts(self.own)])

    @property
    def expected(self) -> tuple[Money, ...]:
        """Return by how much the group changed Stripe's balance, by currency."""
        return sums([each.net for each in self.listed])


class _Known(msgspec.Struct, frozen=True):
    """What the ledger has: charges and payouts, and the intents and payments that it collected."""

    openings: frozenset[str]
    collected: frozenset[str]


def match(legs: Legs, *, now: dt.datetime) -> tuple[Outcome, ...]:
    """Return the outcome of every group, payout, line of the bank and hold, sorted."""
    known = _Known(legs.openings, frozenset(id_ for row in legs.facts for id_ in row.collects))
    outcomes = [_outcome(group, known, now) for group in groups(legs)]
    outcomes += bank_leg.outcomes(legs, now=now)
    outcomes += [_stale(hold) for hold in set(legs.holds) if hold.expired_at < now]
    return tuple(sorted(outcomes, key=lambda each: (each.day, each.name)))


def groups(legs: Legs) -> list[Group]:
    """Return the rows by category and key; a row that was read twice counts once."""
    facts: dict[tuple[str, str], list[BookedFact]] = {}
    listed: dict[tuple[str, str], list[Listed]] = {}
    own: dict[str, list[BookedTransaction]] = {}
    for fact in set(legs.facts):
        facts.setdefault((fact.category, fact.key), []).append(fact)
    for each in set(legs.listed):
        listed.setdefault((each.category, each.key), []).append(each)
    known = {each.id for each in legs.listed}
    unlisted: dict[str | None, list[BookedTransaction]] = {}
    for booked in set(legs.transactions):
        own.setdefault(booked.transaction, []).append(booked)
        if booked.transaction not in known:
            for name in (booked.transaction, booked.source):
                unlisted.setdefault(name, []).append(booked)
    found = []
    for category, key in sorted(facts.keys() | listed.keys()):
        its = listed.get((category, key), [])
        rows = [row for each in its for row in own.get(each.id, ())]
        if not its:
            # Of what Stripe lists no more, the fee and the exchange are booked, too.
            rows = unlisted.pop(key, [])
        found.append(
            Group(
                category=category,
                key=key,
                facts=tuple(sorted(facts.get((category, key), ()), key=_place)),
                listed=tuple(sorted(its, key=_encode)),
                own=tuple(sorted(rows, key=_place)),
            )
        )
    return found


def day_totals(outcomes: Iterable[Outcome]) -> tuple[DayTotal, ...]:
    """Return value and explained value by currency, in minor units."""
    values: dict[str, list[int]] = {}
    for each in outcomes:
        row = values.setdefault(each.value.currency, [0, 0])
        row[0] += each.value.amount
        if each.found is None or each.found.is_explained:
            row[1] += each.value.amount
    return tuple(DayTotal(currency, *row) for currency, row in sorted(values.items()))


def added(totals: Iterable[DayTotal]) -> tuple[DayTotal, ...]:
    """Return the totals of several days as one, by currency."""
    by_currency: dict[str, DayTotal] = {}
    for each in totals:
        known = by_currency.get(each.currency, DayTotal(each.currency, 0, 0))
        by_currency[each.currency] = DayTotal(
            each.currency, known.value + each.value, known.explained + each.explained
        )
    return tuple(found for _, found in sorted(by_currency.items()))


def digest(rows: Sequence[object]) -> str:
    """Return the hash of rows in whatever order."""
    return hashlib.sha256(b"\n".join(sorted(_encode(each) for each in rows))).hexdigest()


def sums(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """Return the sum of each currency that does not cancel out, sorted by currency."""
    found: dict[str, int] = {}
    for each in amounts:
        found[each.currency] = found.get(each.currency, 0) + each.amount
    return tuple(Money(amount, currency) for currency, amount in sorted(found.items()) if amount)


def fits(group: Group) -> bool:
    """Return whether exactly what Stripe lists is booked."""
    return group.booked == group.expected and _is_complete(group)


def _outcome(group: Group, known: _Known, now: dt.datetime) -> Outcome:
    kind = _kind(group, known, now)
    return Outcome(
        name=f"{group.category}:{group.key}",
        day=group.day,
        value=_value(group),
        digest=digest([*group.facts, *group.listed, *group.own]),
        found=None if kind is None else _break(group, kind),
    )


def _kind(group: Group, known: _Known, now: dt.datetime) -> BreakClass | None:
    """Return the class of break of a group; None where everything fits."""
    if not group.listed and not group.booked:
        return None
    if not group.listed:
        return "timing" if now - group.since <= MISSING_AFTER else "missing_at_stripe"
    if fits(group):
        return None
    if now - group.newest <= RECORDED_WITHIN and not _is_recorded(group):
        return "timing"
    if not group.facts and any(each.booked_by != "transaction" for each in group.listed):
        return _unknown_kind(group, known)
    if not group.facts and not group.own:
        return "missing_in_ledger"
    if group.facts and len(group.listed) > len(group.facts):
        return "duplicate"
    if _lacks_own(group):
        return "missing_in_ledger"
    if _currencies_differ(group):
        return "currency"
    return "amount"


def _is_recorded(group: Group) -> bool:
    """Whether the ledger has the fact and each transaction itself: nothing more is on its way."""
    booked = {each.transaction for each in group.own}
    return bool(group.facts) and all(each.id in booked for each in group.listed)


def _is_complete(group: Group) -> bool:
    """Whether each transaction has its fact, also where the amounts cancel out."""
    if any(each.booked_by == "nobody" for each in group.listed):
        return False
    return all(each.booked_by != "fact" for each in group.listed) or bool(group.facts)


def _unknown_kind(group: Group, known: _Known) -> BreakClass:
    if any(id_ in known.collected for each in group.listed for id_ in each.collects):
        return "duplicate"
    if group.category in FOLLOWING and any(each.opening in known.openings for each in group.listed):
        return "state"
    return "missing_in_ledger"


def _lacks_own(group: Group) -> bool:
    """Whether the facts are right, and only fees or exchanges of transactions are not booked."""
    charged = sums([each.charged or each.gross for each in group.listed])
    booked = {each.transaction for each in group.own}
    lacking = any(each.id not in booked for each in group.listed)
    return lacking and sums(_amounts(group.facts)) == charged


def _currencies_differ(group: Group) -> bool:
    """Whether Stripe charged or settled in a currency in which nothing is booked."""
    if not group.facts:
        return False
    charged = {(each.charged or each.gross).currency for each in group.listed}
    settled, held = _currencies(group.expected), _currencies(group.booked)
    return not charged <= _currencies(_amounts(group.facts)) or (bool(held) and not settled <= held)


def _currencies(amounts: Iterable[Money]) -> set[str]:
    return {each.currency for each in amounts}


def _value(group: Group) -> Money:
    """Return the value of the group, from Stripe's side where it has one; never negative."""
    if group.listed:
        currency = group.listed[0].gross.currency
        return Money(
            sum(abs(each.gross.amount) for each in group.listed if each.gross.currency == currency),
            currency,
        )
    amounts = [amount for each in group.facts for amount in each.amounts]
    currency = amounts[0].currency
    return Money(sum(abs(each.amount) for each in amounts if each.currency == currency), currency)


def _break(group: Group, kind: BreakClass) -> Break:
    difference = sums([*group.booked, *(-each for each in group.expected)])
    return Break(
        kind=kind,
        sources=(group.category, group.key),
        amount=difference[0] if difference else Money(0, _value(group).currency),
        since=group.since,
        evidence=Evidence(
            rule=RULE,
            rule_version=VERSION,
            positions=tuple(
                sorted({row.position for rows in (group.facts, group.own) for row in rows})
            ),
            provider_ids=tuple(sorted({each.id for each in group.listed})),
            digests=tuple(sorted({each.digest for each in group.listed})),
            booked=group.booked,
            listed=group.expected,
        ),
    )


def _stale(hold: OpenHold) -> Outcome:
    found = Break(
        kind="stale_hold",
        sources=(hold.payment,),
        amount=hold.amount,
        since=hold.expired_at,
        evidence=Evidence(
            rule=HOLD_RULE,
            rule_version=VERSION,
            positions=(),
            provider_ids=(hold.payment,),
            digests=(),
            booked=(hold.amount,),
            listed=(),
        ),
    )
    return Outcome(
        name=f"hold:{hold.payment}",
        day=accounting_day(hold.expired_at),
        value=hold.amount,
        digest=digest([hold]),
        found=found,
    )


def _place(row: BookedFact | BookedTransaction) -> tuple[int, bytes]:
    return row.position, _encode(row)


def _amounts(rows: Iterable[BookedFact] | Iterable[BookedTransaction]) -> list[Money]:
    return [amount for each in rows for amount in each.amounts]
