"""Payouts beside their transactions at Stripe and beside the lines of the bank.

A line belongs to a payout when it prints the payout's or its trace id or has it as a reference, or
else when it is the only one from Stripe with its amount near the day of arrival, and the payout is
the only one for it.
Of a payout that is printed on several lines their sum counts: a bank may correct what it booked, or
return it. A payout that failed, also after it was paid, has to leave nothing at the bank: it never
came, or it came and went back.
"""

import datetime as dt
import hashlib
from collections.abc import Callable

import msgspec

from domain.kernel import money
from domain.kernel.entries import accounting_day, local_time
from domain.kernel.money import Money
from domain.reconciliation.breaks import Break, BreakClass, Evidence
from domain.reconciliation.records import (
    BankLine,
    Legs,
    Listed,
    ListedPayout,
    UnrelatedLine,
    reference_digest,
)
from domain.reconciliation.state import Outcome

LIST_RULE = "payout_by_transactions"
BANK_RULE = "payout_by_bank_line"
VERSION = 2
# Banks book an arrival on the day or within the weekend after it.
ARRIVES_WITHIN = dt.timedelta(days=3)
# Banks book what they return within this time of Stripe's having it back.
GOES_BACK_WITHIN = dt.timedelta(days=5)
# How long after its arrival a payout that failed is looked for among what the bank returned.
RETURN_REACH = dt.timedelta(days=14)
# How long after its creation a payout arrives at most, weekends and holidays included.
UNDER_WAY = dt.timedelta(days=7)
# The states of a payout whose money is in Stripe's balance again.
RETURNED = frozenset({"failed", "canceled"})
# What the bank prints for each payout beside its own references.
STRIPE_NAME = "STRIPE"

_encode = msgspec.json.Encoder(order="deterministic").encode


def outcomes(legs: Legs, *, now: dt.datetime) -> list[Outcome]:
    """Return the outcomes of payouts, and of lines from Stripe that belong to none.

    The bank is compared up to the last day of its statements; without one it is not compared.
    """
    payouts = sorted(set(legs.payouts), key=lambda each: (each.id, _encode(each)))
    ours = _named_by_reference(payouts, legs.unrelated)
    lines = sorted({*legs.bank, *ours}, key=lambda each: (each.id, _encode(each)))
    found = [_listed(each) for each in payouts if each.paid_out is not None]
    known_until = legs.bank_until
    if known_until is None:
        return found
    pairs = paired(payouts, lines)
    taken = {line.id for its in pairs.values() for line in its}
    today = min(known_until, local_time(now).date())
    for payout in payouts:
        if payout.arrives_on > known_until:
            continue
        its = pairs.get(payout.id, ())
        if payout.status == "paid":
            found.append(_arrived(payout, its, today))
        elif payout.status in RETURNED:
            back_on = _returned_on(payout, its, legs.listed)
            found.append(_returned(payout, its, today - back_on))
    found += [_unknown(line) for line in lines if line.id not in taken and _is_from_stripe(line)]
    return found


def paired(payouts: list[ListedPayout], lines: list[BankLine]) -> dict[str, tuple[BankLine, ...]]:
    """Return the lines of each payout: by id first, then by an amount that is the only one.

    Of one that failed, what came and what went back are found by themselves.
    """
    found: dict[str, tuple[BankLine, ...]] = {}
    taken: set[str] = set()
    for payout in payouts:
        named = [line for line in lines if _names(line, payout) and line.id not in taken]
        if named:
            found[payout.id] = tuple(named)
            taken |= {line.id for line in named}
    rest = [
        each
        for each in payouts
        if each.id not in found and (each.status == "paid" or each.status in RETURNED)
    ]
    free = [line for line in lines if line.id not in taken and _is_from_stripe(line)]
    for payout in rest:
        its = (*_only(payout, free, rest, _could_be), *_only(payout, free, rest, _could_return))
        if its:
            found[payout.id] = its
    return found


def _only(
    payout: ListedPayout,
    free: list[BankLine],
    rest: list[ListedPayout],
    fits: Callable[[BankLine, ListedPayout], bool],
) -> tuple[BankLine, ...]:
    """Return the one line that fits the payout, where it fits no other payout."""
    like = [line for line in free if fits(line, payout)]
    if len(like) != 1 or sum(fits(like[0], other) for other in rest) != 1:
        return ()
    return (like[0],)


def _named_by_reference(
    payouts: list[ListedPayout], unrelated: tuple[UnrelatedLine, ...]
) -> list[BankLine]:
    """Return the lines whose reference is the id or trace id of a payout, with its id as text."""
    names: dict[str, str] = {}
    for payout in payouts:
        for name in (payout.id, payout.trace):
            if name is not None:
                names[reference_digest(name)] = payout.id
    return [
        BankLine(
            id=line.id,
            booked_on=line.booked_on,
            amount=line.amount,
            text=payout_id,
            digest=_digest(line),
        )
        for line in set(unrelated)
        for payout_id in {names[each] for each in line.digests if each in names}
    ]


def _names(line: BankLine, payout: ListedPayout) -> bool:
    text = line.text.upper()
    return payout.id.upper() in text or (payout.trace is not None and payout.trace.upper() in text)


def _is_from_stripe(line: BankLine) -> bool:
    return STRIPE_NAME in line.text.upper()


def _could_be(line: BankLine, payout: ListedPayout) -> bool:
    late = line.booked_on - payout.arrives_on
    return line.amount == payout.amount and abs(late) <= ARRIVES_WITHIN


def _could_return(line: BankLine, payout: ListedPayout) -> bool:
    """Whether the bank may have returned the payout by this line."""
    late = line.booked_on - payout.arrives_on
    is_reached = -ARRIVES_WITHIN <= late <= RETURN_REACH
    return payout.status in RETURNED and line.amount == -payout.amount and is_reached


def _listed(payout: ListedPayout) -> Outcome:
    """Compare a payout with the sum of what it paid out."""
    assert payout.paid_out is not None
    fits = payout.paid_out == payout.amount
    return _outcome(payout, None if fits else "payout", "transactions", (payout.paid_out,), ())


def _arrived(payout: ListedPayout, lines: tuple[BankLine, ...], today: dt.date) -> Outcome:
    """Compare a payout with its lines, which may be booked some days after it should arrive."""
    kind: BreakClass | None = None
    amounts = tuple(line.amount for line in lines)
    if not lines:
        kind = "timing" if today - payout.arrives_on <= ARRIVES_WITHIN else "payout"
    elif _received(payout, amounts) != payout.amount or _has_other_currency(payout, amounts):
        kind = "payout"
    return _outcome(payout, kind, "bank", amounts, lines)


def _returned(payout: ListedPayout, lines: tuple[BankLine, ...], waited: dt.timedelta) -> Outcome:
    """Nothing of a payout that failed may stay at the bank, which has some days to return it."""
    amounts = tuple(line.amount for line in lines)
    nothing = Money(0, payout.amount.currency)
    left = _received(payout, amounts)
    kind: BreakClass | None = None
    if left != nothing or _has_other_currency(payout, amounts):
        is_waiting = left == payout.amount and waited <= GOES_BACK_WITHIN
        kind = "timing" if is_waiting else "payout"
    return _outcome(payout, kind, "bank", amounts, lines, expected=nothing)


def _returned_on(
    payout: ListedPayout, lines: tuple[BankLine, ...], listed: tuple[Listed, ...]
) -> dt.date:
    """Return the day on which Stripe has the money back; else the latest that is known of it."""
    days = [
        accounting_day(each.created_at)
        for each in listed
        if each.category == "payout_reversal" and each.opening == payout.id
    ]
    return max([*days, *(line.booked_on for line in lines), payout.arrives_on])


def _received(payout: ListedPayout, amounts: tuple[Money, ...]) -> Money:
    """Return the sum of what is in the payout's currency."""
    currency = payout.amount.currency
    return money.total([each for each in amounts if each.currency == currency], currency)


def _has_other_currency(payout: ListedPayout, amounts: tuple[Money, ...]) -> bool:
    return any(each.currency != payout.amount.currency for each in amounts)


def _outcome(
    payout: ListedPayout,
    kind: BreakClass | None,
    beside: str,
    other: tuple[Money, ...],
    lines: tuple[BankLine, ...],
    *,
    expected: Money | None = None,
) -> Outcome:
    """Return the outcome; the other side should have the payout, or what is `expected` instead."""
    found = None
    due = payout.amount if expected is None else expected
    if kind is not None:
        found = Break(
            kind=kind,
            sources=(payout.id, beside),
            amount=due - _received(payout, other),
            since=payout.created_at,
            evidence=Evidence(
                rule=BANK_RULE if beside == "bank" else LIST_RULE,
                rule_version=VERSION,
                positions=(),
                provider_ids=(payout.id, *(line.id for line in lines)),
                digests=(payout.digest, *(line.digest for line in lines)),
                booked=(due,),
                listed=other,
            ),
        )
    return Outcome(
        name=f"payout_{beside}:{payout.id}",
        day=accounting_day(payout.created_at),
        value=Money(abs(payout.amount.amount), payout.amount.currency),
        digest=_digest(payout, *lines),
        found=found,
    )


def _unknown(line: BankLine) -> Outcome:
    """A line from Stripe that belongs to no payout."""
    since = dt.datetime.combine(line.booked_on, dt.time(), dt.UTC)
    found = Break(
        kind="payout",
        sources=(line.id,),
        amount=-line.amount,
        since=since,
        evidence=Evidence(
            rule=BANK_RULE,
            rule_version=VERSION,
            positions=(),
            provider_ids=(line.id,),
            digests=(line.digest,),
            booked=(),
            listed=(line.amount,),
        ),
    )
    return Outcome(
        name=f"bank:{line.id}",
        day=line.booked_on,
        value=Money(abs(line.amount.amount), line.amount.currency),
        digest=_digest(line),
        found=found,
    )


def _digest(*rows: object) -> str:
    return hashlib.sha256(b"\n".join(_encode(each) for each in rows)).hexdigest()
