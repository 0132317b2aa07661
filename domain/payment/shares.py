"""Shares of an amount due: several sessions collect it together, each its part.

A share that is paid waits as a part of the amount due; the last one lets all of them pay.
"""

import datetime as dt
from collections.abc import Sequence

from domain.kernel import ids, money
from domain.payment import rejections
from domain.payment.attempts import session_expires_at
from domain.payment.events import AttemptStarted, PaymentEvent
from domain.payment.state import Attempt, Payment

# As many as a party may have members.
LEAST, MOST = 2, 9


def split(
    payment: Payment,
    *,
    payment_id: str,
    shares: Sequence[money.Money],
    least: int,
    locale: str,
    lasts: dt.timedelta,
    now: dt.datetime,
) -> list[PaymentEvent]:
    """Record the intention to open a session for each share; they add up to what is outstanding.

    `least` is what Stripe charges at least, in minor units; a session `lasts` so long. Rejects
    AlreadyPaid, AttemptPending while a session is live, and InvalidShares.
    """
    if payment.is_settled():
        raise rejections.AlreadyPaid()
    if payment.live_attempt() is not None:
        raise rejections.AttemptPending(reason="session_open")
    _require_valid(payment, shares, least)
    names = [
        ids.attempt_id(payment_id, len(payment.attempts) + number)
        for number in range(1, len(shares) + 1)
    ]
    return [
        AttemptStarted(
            attempt=name,
            idempotency_key=f"checkout:{name}",
            locale=locale,
            started_at=now,
            expires_at=session_expires_at(lasts=lasts, now=now),
            amount=share,
            is_share=True,
        )
        for name, share in zip(names, shares, strict=True)
    ]


def current(payment: Payment) -> tuple[Attempt, ...]:
    """Return all shares in the order in which they began, without those that others replaced."""
    replaced = {each.replaces for each in payment.attempts}
    return tuple(each for each in payment.attempts if each.is_share and each.id not in replaced)


def _require_valid(payment: Payment, shares: Sequence[money.Money], least: int) -> None:
    outstanding = payment.outstanding()
    currency = outstanding.currency
    if not LEAST <= len(shares) <= MOST:
        raise rejections.InvalidShares(reason=f"{LEAST} to {MOST} shares are expected")
    if any(share.currency != currency for share in shares):
        raise rejections.InvalidShares(
            field="currency", reason=f"the currency of the booking is {currency}"
        )
    if any(share.amount < least or not money.is_chargeable(share) for share in shares):
        step = money.charge_step(currency)
        raise rejections.InvalidShares(
            reason=f"each share is at least {least}, in steps of {step}", least=least
        )
    if money.total(shares, currency) != outstanding:
        raise rejections.InvalidShares(
            reason=f"the shares must add up to {outstanding.amount}", due=outstanding.amount
        )
