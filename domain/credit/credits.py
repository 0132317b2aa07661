"""One credit: issue, spend, return, expire, pay out. A known decision returns no events."""

import datetime as dt
from typing import assert_never

from msgspec.structs import replace

from domain.credit import gift_cards, rejections
from domain.credit.events import (
    CreditBlocked,
    CreditChargedBack,
    CreditEvent,
    CreditExpired,
    CreditIssued,
    CreditLossRecovered,
    CreditReinstated,
    CreditReturned,
    CreditSpent,
    CreditUnblocked,
    GiftCardClaimed,
    GiftCardOrdered,
    GiftCardPaid,
    GiftCardRefunded,
    GiftCardRemailed,
    Origin,
    PayoutApproved,
    PayoutDeclined,
    PayoutProposed,
    ReturnCause,
)
from domain.credit.state import Credit, Payout, Use
from domain.kernel import entries, sealed
from domain.kernel.money import Money

# Finance pays out neither what was given, nor what another person's card has bought.
NEVER_PAID_OUT: frozenset[Origin] = frozenset({"goodwill", "gift_card"})


def issue(
    *,
    owner: str,
    amount: Money,
    origin: Origin,
    expires_at: dt.datetime,
    entry: entries.Entry,
    booking: str,
    notes: tuple[sealed.Sealed, ...] = (),
) -> list[CreditEvent]:
    """Issue a credit that can be spent until `expires_at`. Rejects InvalidCredit."""
    if amount.amount <= 0:
        raise rejections.InvalidCredit(field="amount", reason="must be positive")
    return [
        CreditIssued(
            owner=owner,
            amount=amount,
            origin=origin,
            expires_at=expires_at,
            entry=entry,
            booking=booking,
            notes=notes,
        )
    ]


def spendable(credit: Credit, *, now: dt.datetime) -> Money:
    """What can be spent now; nothing once it has expired, while a payout is proposed, or while the
    payment that bought it is disputed.
    """
    if credit.payout is not None or credit.blocked_by or credit.expires_at <= now:
        return Money(0, credit.balance.currency)
    return credit.balance


def require_spendable(credit: Credit, *, currency: str, now: dt.datetime) -> None:
    """Something of it can be spent in this currency; otherwise CreditNotSpendable."""
    if spendable(credit, now=now).amount > 0 and credit.balance.currency == currency:
        return
    if credit.balance.currency != currency:
        reason = "currency"
    elif credit.expires_at <= now:
        reason = "expired"
    elif credit.blocked_by:
        reason = "disputed"
    else:
        reason = "spent" if credit.payout is None else "payout_proposed"
    raise rejections.CreditNotSpendable(
        reason=reason, currency=credit.balance.currency, balance=credit.balance.amount
    )


def spend(
    credit: Credit,
    *,
    use: str,
    booking: str,
    payment: str,
    amount: Money,
    now: dt.datetime,
    entry: entries.Entry,
) -> list[CreditEvent]:
    """Spend a part on a booking. Rejects CreditNotSpendable, CreditAmountRefused."""
    if credit.use(use) is not None:
        return []
    require_spendable(credit, currency=amount.currency, now=now)
    most = spendable(credit, now=now).amount
    if not 0 < amount.amount <= most:
        raise rejections.CreditAmountRefused(field="amount", least=1, most=most)
    return [CreditSpent(use=use, booking=booking, payment=payment, amount=amount, entry=entry)]


def return_part(
    credit: Credit,
    *,
    use: str,
    amount: Money,
    now: dt.datetime,
    returned_for: dt.timedelta,
    grace: dt.timedelta,
    entry: entries.Entry,
    cause: ReturnCause = "refund",
) -> list[CreditEvent]:
    """Return a part of a use; to spend credit and take it back makes it last no longer (V7).

    It lasts `returned_for` at least where it comes back because of the airline, else a `grace`.
    """
    spent = credit.use(use)
    assert spent is not None, "only what was spent is returned"
    assert 0 <= amount.amount <= spent.left.amount, "no more is returned than was spent"
    if amount.amount == 0:
        return []
    lasts = returned_for if cause == "airline" else grace
    expires_at = _expiry_of_returned(credit, spent, now=now, lasts=lasts, cause=cause)
    return [
        CreditReturned(
            use=use,
            amount=amount,
            expires_at=expires_at,
            entry=entry,
            in_grace=cause != "airline" and expires_at > credit.expires_at,
        )
    ]


def _expiry_of_returned(
    credit: Credit, use: Use, *, now: dt.datetime, lasts: dt.timedelta, cause: ReturnCause
) -> dt.datetime:
    if cause == "airline":
        return max(credit.expires_at, now + lasts)
    # An unpaid booking is given back at once: it needs a grace only where that came too late.
    still_runs = cause == "unpaid" and credit.expires_at > now
    if use.in_grace or still_runs:
        return credit.expires_at
    return max(credit.expires_at, now + lasts)


def is_expired(credit: Credit, *, now: dt.datetime) -> bool:
    """Whether something is left and its time is over; a proposed payout or an open dispute is
    decided first.
    """
    is_undecided = credit.payout is not None or bool(credit.blocked_by)
    return credit.expires_at <= now and credit.balance.amount > 0 and not is_undecided


def expire(credit: Credit, *, now: dt.datetime, entry: entries.Entry) -> list[CreditEvent]:
    """Let what is left become revenue once its time is over."""
    if not is_expired(credit, now=now):
        return []
    return [CreditExpired(amount=credit.balance, entry=entry)]


def require_payable_in_money(credit: Credit) -> None:
    """Credit of this origin may be paid out; otherwise PayoutRefused."""
    if credit.origin in NEVER_PAID_OUT:
        raise rejections.PayoutRefused(reason=credit.origin)


def propose_payout(
    credit: Credit, *, account: sealed.Sealed, by: str, now: dt.datetime, today: dt.date
) -> list[CreditEvent]:
    """Propose to pay out what is left; `today` is the accounting day. Rejects PayoutRefused."""
    if credit.owner == by:
        raise rejections.PayoutRefused(reason="own_credit")
    if credit.payout is not None:
        raise rejections.PayoutRefused(reason="already_proposed")
    require_payable_in_money(credit)
    left = spendable(credit, now=now)
    if left.amount == 0:
        raise rejections.PayoutRefused(reason="nothing_left")
    return [PayoutProposed(amount=left, account=account, by=by, proposed_on=today)]


def decline_payout(credit: Credit, *, by: str) -> list[CreditEvent]:
    """Refuse the payout; who proposed it may take it back. Rejects PayoutRefused."""
    if credit.payout is None:
        raise rejections.PayoutRefused(reason="not_proposed")
    return [PayoutDeclined(by=by)]


def pay_out(
    credit: Credit,
    *,
    bank_reference: str,
    paid_on: dt.date,
    today: dt.date,
    by: str,
    entry: entries.Entry,
) -> list[CreditEvent]:
    """Approve the payout and record its transfer; the same again records nothing.

    Rejects PayoutRefused, also for the user who proposed it, and the owner of the credit.
    """
    if credit.bank_reference is not None and credit.payout is None:
        if credit.bank_reference == bank_reference:
            return []
        raise rejections.PayoutRefused(reason="another_transfer")
    if credit.payout is None:
        raise rejections.PayoutRefused(reason="not_proposed")
    if credit.bank_reference == bank_reference:
        # It paid what was proposed before; what came back since needs a transfer of its own.
        raise rejections.PayoutRefused(reason="another_transfer")
    if credit.payout.by == by:
        raise rejections.PayoutRefused(reason="second_person_needed")
    if credit.owner == by:
        raise rejections.PayoutRefused(reason="own_credit")
    _require_possible(paid_on, credit.payout, today=today)
    return [
        PayoutApproved(
            amount=credit.payout.amount,
            bank_reference=bank_reference,
            paid_on=paid_on,
            by=by,
            proposed_by=credit.payout.by,
            entry=entry,
        )
    ]


def _require_possible(paid_on: dt.date, payout: Payout, *, today: dt.date) -> None:
    """The value date is not to come, nor before the payout was proposed."""
    if paid_on > today:
        raise rejections.InvalidPayout(field="paidOn", reason="in_the_future")
    if payout.proposed_on is not None and paid_on < payout.proposed_on:
        raise rejections.InvalidPayout(field="paidOn", reason="before_proposal")


def evolve(credit: Credit | None, event: CreditEvent) -> Credit:
    """The credit after the event; never rejects a stored fact."""
    if isinstance(event, CreditIssued):
        return Credit(
            owner=event.owner,
            origin=event.origin,
            issued=event.amount,
            balance=event.amount,
            expires_at=event.expires_at,
            booking=event.booking,
        )
    if isinstance(event, GiftCardOrdered):
        return gift_cards.ordered(event)
    assert credit is not None, "a credit begins with CreditIssued or GiftCardOrdered"
    match event:
        case CreditSpent():
            return _spent(credit, event)
        case CreditReturned():
            return _returned(credit, event)
        case CreditExpired():
            return replace(credit, balance=credit.balance - event.amount)
        case PayoutProposed():
            payout = Payout(event.amount, event.account, event.by, event.proposed_on)
            return replace(credit, payout=payout)
        case PayoutDeclined():
            return replace(credit, payout=None)
        case PayoutApproved():
            return replace(
                credit,
                payout=None,
                balance=credit.balance - event.amount,
                bank_reference=event.bank_reference,
            )
        case (
            GiftCardPaid()
            | GiftCardClaimed()
            | GiftCardRefunded()
            | GiftCardRemailed()
            | CreditBlocked()
            | CreditUnblocked()
            | CreditChargedBack()
            | CreditLossRecovered()
            | CreditReinstated()
        ):
            return gift_cards.evolve(credit, event)
        case _:
            assert_never(event)


def _spent(credit: Credit, event: CreditSpent) -> Credit:
    nothing = Money(0, event.amount.currency)
    use = Use(
        event.use, event.booking, event.payment, event.amount, nothing, in_grace=credit.in_grace
    )
    return replace(credit, balance=credit.balance - event.amount, uses=(*credit.uses, use))


def _returned(credit: Credit, event: CreditReturned) -> Credit:
    return replace(
        credit,
        balance=credit.balance + event.amount,
        expires_at=event.expires_at,
        in_grace=event.in_grace if event.expires_at > credit.expires_at else credit.in_grace,
        uses=tuple(
            replace(each, returned=each.returned + event.amount) if each.id == event.use else each
            for each in credit.uses
        ),
    )
