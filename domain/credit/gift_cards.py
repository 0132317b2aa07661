"""A gift card: a credit that one person buys and another claims with its code.

A known decision returns no events.
"""

import datetime as dt
from collections.abc import Mapping
from typing import assert_never

from msgspec.structs import replace

from domain.credit import rejections
from domain.credit.events import (
    CreditBlocked,
    CreditChargedBack,
    CreditEvent,
    CreditLossRecovered,
    CreditReinstated,
    CreditUnblocked,
    GiftCardClaimed,
    GiftCardOrdered,
    GiftCardPaid,
    GiftCardRefunded,
    GiftCardRemailed,
)
from domain.credit.state import Credit, GiftCard
from domain.kernel import entries, sealed
from domain.kernel.money import Money, charge_step

# How often the letter with the code is sent again.
RESEND_LIMIT = 5
# How long the buyer of a card of earlier releases may have the money back.
FIRST_REFUNDABLE_FOR = dt.timedelta(days=14)


def order(
    *,
    buyer: str,
    amount: Money,
    sold: Mapping[str, tuple[int, int]],
    details: sealed.Sealed,
    code_digest: str,
    payable_until: dt.datetime,
) -> list[CreditEvent]:
    """Order a card, to be paid until then. Rejects GiftCardAmountRefused."""
    require_sold(amount, sold)
    return [
        GiftCardOrdered(
            buyer=buyer,
            amount=amount,
            details=details,
            code_digest=code_digest,
            payable_until=payable_until,
        )
    ]


def require_sold(amount: Money, sold: Mapping[str, tuple[int, int]]) -> None:
    """The amount is within the least and the most of its currency; otherwise
    GiftCardAmountRefused.
    """
    least, most = sold.get(amount.currency, (0, 0))
    step = charge_step(amount.currency) if most else 1
    if not most:
        raise rejections.GiftCardAmountRefused(
            field="amount.currency", reason=f"one of {', '.join(sold)} is expected"
        )
    if not least <= amount.amount <= most or amount.amount % step:
        raise rejections.GiftCardAmountRefused(
            field="amount.amount",
            reason="not_sold",
            least=least,
            most=most,
            step=step,
            currency=amount.currency,
        )


def card_of(credit: Credit | None) -> GiftCard:
    """Return what the credit was bought as. Rejects CreditNotFound for any other credit."""
    if credit is None or credit.gift_card is None:
        raise rejections.CreditNotFound()
    return credit.gift_card


def require_payable(credit: Credit, *, now: dt.datetime) -> None:
    """The order awaits its payment; otherwise GiftCardNotPayable."""
    status = card_of(credit).status
    if status != "ordered":
        raise rejections.GiftCardNotPayable(reason="refunded" if status == "refunded" else "paid")
    if credit.expires_at <= now:
        raise rejections.GiftCardNotPayable(reason="lapsed")


def pay(
    credit: Credit,
    *,
    payment: str,
    intent: str,
    now: dt.datetime,
    lasts: dt.timedelta,
    refundable_for: dt.timedelta,
    entry: entries.Entry,
) -> list[CreditEvent]:
    """The money for the card was captured, maybe late: from now on it is worth its amount.

    It `lasts` so long, and its buyer may have the money back for so long.
    """
    assert card_of(credit).status == "ordered", "what pays for it twice is returned"
    return [
        GiftCardPaid(
            payment=payment,
            intent=intent,
            paid_at=now,
            expires_at=now + lasts,
            refundable_until=now + refundable_for,
            entry=entry,
        )
    ]


def claim(credit: Credit, *, owner: str, now: dt.datetime) -> list[CreditEvent]:
    """Give the credit to who has the code, once. Rejects GiftCardNotClaimable."""
    if card_of(credit).status == "claimed" and credit.owner == owner:
        return []
    reason = _why_unusable(credit, now=now)
    if reason is not None:
        raise rejections.GiftCardNotClaimable(reason=reason)
    return [GiftCardClaimed(owner=owner)]


def _why_unusable(credit: Credit, *, now: dt.datetime) -> str | None:
    """Return why a card can be neither claimed nor refunded; None where it can."""
    status = card_of(credit).status
    if status == "ordered":
        return "not_paid"
    if status != "paid":
        return status
    if credit.blocked_by:
        return "disputed"
    if credit.expires_at <= now:
        return "expired"
    return None if credit.balance.amount else "disputed"


def shown_status(credit: Credit, *, now: dt.datetime) -> str:
    """Return what the buyer sees: the card's status, or lapsed, expired or disputed."""
    status = card_of(credit).status
    if status == "ordered":
        return "lapsed" if credit.expires_at <= now else status
    if status == "paid":
        return _why_unusable(credit, now=now) or status
    return status


def refundable_until(credit: Credit) -> dt.datetime | None:
    """Until when the buyer may have the money back; None before it is paid."""
    return card_of(credit).refundable_until


def refund(
    credit: Credit, *, obligation: str, now: dt.datetime, by_staff: bool, entry: entries.Entry
) -> list[CreditEvent]:
    """Owe the money back to the buyer, once; staff may also after `refundable_until`.

    Rejects GiftCardNotRefundable.
    """
    if card_of(credit).status == "refunded":
        return []
    reason = _why_unusable(credit, now=now)
    if reason is not None:
        raise rejections.GiftCardNotRefundable(reason=reason)
    until = refundable_until(credit)
    assert until is not None, "a card that can be refunded was paid"
    if now > until and not by_staff:
        raise rejections.GiftCardNotRefundable(reason="too_late", until=until.isoformat())
    return [GiftCardRefunded(amount=credit.balance, obligation=obligation, entry=entry)]


def resend_code(credit: Credit, *, now: dt.datetime) -> list[CreditEvent]:
    """Send the code again, RESEND_LIMIT times at most. Rejects GiftCodeNotResent."""
    reason = _why_unusable(credit, now=now)
    number = card_of(credit).resent + 1
    if reason is None and number > RESEND_LIMIT:
        reason = "sent_too_often"
    if reason is not None:
        raise rejections.GiftCodeNotResent(reason=reason)
    return [GiftCardRemailed(number=number)]


def block(credit: Credit, *, dispute: str) -> list[CreditEvent]:
    """The payment that bought it is disputed."""
    return [] if dispute in credit.blocked_by else [CreditBlocked(dispute=dispute)]


def unblock(credit: Credit, *, dispute: str) -> list[CreditEvent]:
    """The dispute has ended."""
    return [CreditUnblocked(dispute=dispute)] if dispute in credit.blocked_by else []


def charged_back(credit: Credit, amount: Money) -> Money:
    """Return what of a lost dispute's amount the balance pays."""
    return amount if amount.amount <= credit.balance.amount else credit.balance


def charge_back(
    credit: Credit, *, dispute: str, amount: Money, entry: entries.Entry | None
) -> list[CreditEvent]:
    """Let what is left pay for a lost dispute; `entry` is of that part, None for nothing left."""
    covered = charged_back(credit, amount)
    assert (entry is None) == (covered.amount == 0), "an entry is of what is left"
    return [
        CreditChargedBack(
            dispute=dispute,
            amount=covered,
            shortfall=amount.amount - covered.amount,
            entry=entry,
        )
    ]


def recoverable(credit: Credit) -> Money:
    """Return what of the balance makes good for what disputes have taken beyond it."""
    return Money(min(credit.balance.amount, credit.shortfall), credit.balance.currency)


def recover(credit: Credit, *, entry: entries.Entry) -> list[CreditEvent]:
    """Let credit that came back make good for a loss; `entry` is of `recoverable`."""
    assert recoverable(credit).amount, "there is a loss, and something came back"
    return [CreditLossRecovered(amount=recoverable(credit), entry=entry)]


def reinstatable(credit: Credit, *, dispute: str, lost: int) -> tuple[Money, int]:
    """Return what of a dispute comes back to the balance, and what makes good for the shortfall.

    `lost` is what the bank still keeps of it; both in minor units.
    """
    back = max(credit.charged_back.get(dispute, 0) - lost, 0)
    loss = min(back, credit.shortfall)
    return Money(back - loss, credit.balance.currency), loss


def reinstate(
    credit: Credit,
    *,
    dispute: str,
    lost: int,
    lasts_until: dt.datetime,
    entry: entries.Entry | None,
) -> list[CreditEvent]:
    """Reinstate what a dispute took that the bank decided for the airline after all.

    It can be spent until `lasts_until` at least. `entry` is of what `reinstatable` returns, None
    for nothing.
    """
    amount, loss = reinstatable(credit, dispute=dispute, lost=lost)
    if not amount.amount and not loss:
        return []
    assert (entry is None) == (amount.amount == 0), "an entry is of what comes back"
    return [
        CreditReinstated(
            dispute=dispute,
            amount=amount,
            loss=loss,
            expires_at=max(credit.expires_at, lasts_until),
            entry=entry,
        )
    ]


def ordered(event: GiftCardOrdered) -> Credit:
    """The credit after it was ordered: nobody owns it, and it is worth nothing."""
    return Credit(
        owner=None,
        origin="gift_card",
        booking=None,
        issued=event.amount,
        balance=Money(0, event.amount.currency),
        expires_at=event.payable_until,
        gift_card=GiftCard(event.buyer, event.details, event.code_digest),
    )


def evolve(
    credit: Credit,
    event: GiftCardPaid
    | GiftCardClaimed
    | GiftCardRefunded
    | GiftCardRemailed
    | CreditBlocked
    | CreditUnblocked
    | CreditChargedBack
    | CreditLossRecovered
    | CreditReinstated,
) -> Credit:
    """The credit after the event."""
    card = card_of(credit)
    match event:
        case GiftCardPaid():
            paid = _paid(card, event)
            return replace(
                credit, gift_card=paid, balance=credit.issued, expires_at=event.expires_at
            )
        case GiftCardClaimed():
            return replace(credit, gift_card=replace(card, status="claimed"), owner=event.owner)
        case GiftCardRefunded():
            left = credit.balance - event.amount
            return replace(credit, gift_card=replace(card, status="refunded"), balance=left)
        case GiftCardRemailed():
            return replace(credit, gift_card=replace(card, resent=event.number))
        case CreditBlocked():
            return replace(credit, blocked_by=credit.blocked_by | {event.dispute})
        case CreditUnblocked():
            return replace(credit, blocked_by=credit.blocked_by - {event.dispute})
        case CreditChargedBack():
            return replace(
                credit,
                balance=credit.balance - event.amount,
                shortfall=credit.shortfall + event.shortfall,
                charged_back=_taken(credit, event.dispute, event.amount, event.shortfall),
            )
        case CreditLossRecovered():
            return replace(
                credit,
                balance=credit.balance - event.amount,
                shortfall=credit.shortfall - event.amount.amount,
            )
        case CreditReinstated():
            return replace(
                credit,
                balance=credit.balance + event.amount,
                shortfall=credit.shortfall - event.loss,
                expires_at=event.expires_at,
                charged_back=_taken(credit, event.dispute, -event.amount, -event.loss),
            )
        case _:
            assert_never(event)


def _paid(card: GiftCard, event: GiftCardPaid) -> GiftCard:
    """Return the card with what its buyer was promised when it was paid."""
    return replace(
        card,
        status="paid",
        payment=event.payment,
        intent=event.intent,
        paid_at=event.paid_at,
        refundable_until=event.refundable_until or event.paid_at + FIRST_REFUNDABLE_FOR,
    )


def _taken(credit: Credit, dispute: str, balance: Money, shortfall: int) -> Mapping[str, int]:
    known = credit.charged_back
    return {**known, dispute: known.get(dispute, 0) + balance.amount + shortfall}
