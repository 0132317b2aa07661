"""One claim of a booking for a flight: assess, offer, accept, pay, withdraw."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from domain.compensation import rejections
from domain.compensation.events import (
    ClaimAccepted,
    ClaimAssessed,
    ClaimCredited,
    ClaimEvent,
    ClaimOffered,
    ClaimPaid,
    ClaimShare,
    ClaimWithdrawn,
)
from domain.compensation.regimes import Cause, Regime
from domain.compensation.state import SETTLED, Claim, ClaimStatus
from domain.kernel import entries, sealed
from domain.kernel.money import Money

# The reason of a claim whose cause is gone: the flight goes after all, or has not left.
CAUSE_WITHDRAWN = "cause_withdrawn"
# What staff may give as the reason; nothing is assessed for the flight after it.
STAFF_REASONS = ("extraordinary_circumstances", "agreed_otherwise", "assessed_in_error")
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def is_final(claim: Claim | None) -> bool:
    """Whether no fact changes the claim any more."""
    return claim is not None and (claim.status in SETTLED or claim.by_staff)


def assess(
    claim: Claim | None,
    *,
    booking: str,
    flight: str,
    cause: Cause,
    regime: Regime,
    shares: Sequence[ClaimShare],
    entry: entries.Entry | None,
) -> list[ClaimEvent]:
    """Record what is owed; the same again records nothing, and nor does anything once accepted.

    `entry` posts the difference to what is owed now.
    """
    assert shares, "a claim of nothing is withdrawn instead"
    if is_final(claim):
        return []
    known = None if claim is None else (claim.cause, claim.regime, claim.shares)
    if known == (cause, regime.name, tuple(shares)) and owed(claim) is not None:
        return []
    return [
        ClaimAssessed(
            booking=booking,
            flight=flight,
            cause=cause,
            regime=regime.name,
            since=regime.since,
            shares=tuple(shares),
            entry=entry,
            version=regime.version,
        )
    ]


def offer(claim: Claim) -> list[ClaimEvent]:
    """Offer what was assessed."""
    if claim.status is not ClaimStatus.ASSESSED:
        return []
    return [ClaimOffered(amount=claim.amount)]


def require_iban(iban: str) -> str:
    """Return the IBAN without spaces; rejects InvalidAccount unless its check digits fit."""
    plain = iban.replace(" ", "").upper()
    if IBAN.fullmatch(plain) is None:
        raise rejections.InvalidAccount(field="iban", reason="not an IBAN")
    # ISO 7064 MOD 97-10: letters count from 10, the first four symbols are moved to the end.
    digits = "".join(str(int(symbol, 36)) for symbol in plain[4:] + plain[:4])
    if int(digits) % 97 != 1:
        raise rejections.InvalidAccount(field="iban", reason="the check digits do not fit")
    return plain


def accept(claim: Claim, *, account: sealed.Sealed, today: dt.date) -> list[ClaimEvent]:
    """Accept the offer; once accepted or paid, records nothing. Rejects ClaimNotOpen."""
    if claim.status in SETTLED:
        return []
    if claim.status is not ClaimStatus.OFFERED:
        raise rejections.ClaimNotOpen(status=claim.status)
    return [ClaimAccepted(amount=claim.amount, account=account, accepted_on=today)]


def take_as_credit(claim: Claim, *, credit: str) -> list[ClaimEvent]:
    """Accept the offer as travel credit, which pays it; once that is done, records nothing.

    Rejects ClaimNotOpen, also once the claim was accepted to be paid by the bank.
    """
    if claim.credit is not None:
        return []
    if claim.status is not ClaimStatus.OFFERED:
        raise rejections.ClaimNotOpen(status=claim.status)
    return [ClaimCredited(amount=claim.amount, credit=credit)]


def pay(
    claim: Claim, *, bank_reference: str, paid_on: dt.date, today: dt.date, entry: entries.Entry
) -> list[ClaimEvent]:
    """Record the bank transfer; the same again records nothing.

    Rejects ClaimNotOpen, and InvalidPayment for a day to come or before the claim was accepted.
    """
    if claim.status is ClaimStatus.PAID:
        if claim.bank_reference == bank_reference:
            return []
        raise rejections.ClaimNotOpen(status=claim.status)
    if claim.status is not ClaimStatus.ACCEPTED:
        raise rejections.ClaimNotOpen(status=claim.status)
    if paid_on > today:
        raise rejections.InvalidPayment(field="paidOn", reason="in the future")
    if claim.accepted_on is not None and paid_on < claim.accepted_on:
        raise rejections.InvalidPayment(field="paidOn", reason="before_acceptance")
    return [ClaimPaid(bank_reference=bank_reference, paid_on=paid_on, entry=entry)]


def withdraw(
    claim: Claim | None,
    *,
    reason: str,
    entry: entries.Entry | None,
    notes: tuple[sealed.Sealed, ...] = (),
) -> list[ClaimEvent]:
    """Withdraw the claim, if there is one; an accepted or paid one stays.

    Staff also withdraw for good what the facts have withdrawn, once. Rejects ClaimNotOpen for them.
    """
    by_staff = reason in STAFF_REASONS
    if claim is None:
        return []
    if claim.status is ClaimStatus.WITHDRAWN and (claim.by_staff or not by_staff):
        return []
    if claim.status in SETTLED:
        if by_staff:
            raise rejections.ClaimNotOpen(status=claim.status)
        return []
    return [ClaimWithdrawn(reason=reason, entry=entry, notes=notes)]


def owed(claim: Claim | None) -> Money | None:
    """Return what the claim is a liability for; None where that is nothing."""
    if claim is None or claim.status in (ClaimStatus.WITHDRAWN, ClaimStatus.PAID):
        return None
    return claim.amount


def evolve(claim: Claim | None, event: ClaimEvent) -> Claim:
    """The claim after the event; never rejects a stored fact."""
    if isinstance(event, ClaimAssessed):
        return Claim(
            status=ClaimStatus.ASSESSED,
            booking=event.booking,
            flight=event.flight,
            cause=event.cause,
            regime=event.regime,
            since=event.since,
            shares=event.shares,
        )
    assert claim is not None, "a claim begins with ClaimAssessed"
    match event:
        case ClaimOffered():
            return replace(claim, status=ClaimStatus.OFFERED)
        case ClaimAccepted():
            return replace(
                claim,
                status=ClaimStatus.ACCEPTED,
                account=event.account,
                accepted_on=event.accepted_on,
            )
        case ClaimPaid():
            return replace(claim, status=ClaimStatus.PAID, bank_reference=event.bank_reference)
        case ClaimCredited():
            return replace(claim, status=ClaimStatus.PAID, credit=event.credit)
        case ClaimWithdrawn():
            return replace(
                claim,
                status=ClaimStatus.WITHDRAWN,
                by_staff=event.reason in STAFF_REASONS,
            )
        case _:
            assert_never(event)
