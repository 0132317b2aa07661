"""Parts of an amount due that travel credit pays, and what of them goes back to the credit.

A decision that was made already returns no events.
"""

import datetime as dt
from typing import assert_never

from msgspec.structs import replace

from domain.kernel import money
from domain.payment import rejections
from domain.payment.credit_part_events import CreditApplied, CreditPartEvent, CreditPartReturned
from domain.payment.events import PaymentEvent
from domain.payment.state import CreditPart, CreditReturn, Payment


def require_no_session(payment: Payment) -> None:
    """Nobody has paid, or can pay in a session, what a part would change.

    Rejects AlreadyPaid, and AttemptPending while a session is live.
    """
    if payment.is_settled():
        raise rejections.AlreadyPaid()
    if payment.live_attempt() is not None:
        raise rejections.AttemptPending(reason="session_open")


def amount_to_apply(
    payment: Payment, *, available: money.Money, wanted: int | None, least: int
) -> money.Money:
    """Return what credit pays: the `wanted` amount in minor units, or as much as it can.

    `available` is what the credit has, `least` what a card is charged at least: the rest is
    nothing, or can be charged. Rejects CreditPartRefused, with the most that would do.
    """
    outstanding = payment.outstanding()
    assert available.currency == outstanding.currency
    most = _most(outstanding, available.amount, least)
    if wanted is None:
        if most:
            return money.Money(most, outstanding.currency)
        raise _refused("rest_too_small", most, outstanding, least)
    if not 0 < wanted <= outstanding.amount:
        raise _refused("more_than_due", most, outstanding, least)
    if wanted > available.amount:
        raise _refused("more_than_left", most, outstanding, least)
    if not _leaves_payable_rest(outstanding, wanted, least):
        raise _refused("rest_too_small", most, outstanding, least)
    return money.Money(wanted, outstanding.currency)


def _leaves_payable_rest(outstanding: money.Money, amount: int, least: int) -> bool:
    rest = outstanding - money.Money(amount, outstanding.currency)
    return rest.amount == 0 or (rest.amount >= least and money.is_chargeable(rest))


def _most(outstanding: money.Money, available: int, least: int) -> int:
    """Return the most that leaves nothing, or a rest that a card can be charged; 0 for none."""
    if available >= outstanding.amount:
        return outstanding.amount
    step = money.charge_step(outstanding.currency)
    rest = max(outstanding.amount - available, least)
    return max(0, outstanding.amount - (rest + step - 1) // step * step)


def _refused(
    reason: str, most: int, outstanding: money.Money, least: int
) -> rejections.CreditPartRefused:
    return rejections.CreditPartRefused(
        field="amount",
        reason=reason,
        most=most,
        due=outstanding.amount,
        leastRest=least,
        currency=outstanding.currency,
    )


def apply(payment: Payment, *, credit: str, use: str, amount: money.Money) -> list[PaymentEvent]:
    """Let credit pay a part of what is outstanding, or all of it; once for a use."""
    if payment.credit_part(use) is not None:
        return []
    require_no_session(payment)
    assert 0 < amount.amount <= payment.outstanding().amount
    return [CreditApplied(credit=credit, use=use, amount=amount)]


def withdraw(payment: Payment, *, use: str) -> list[PaymentEvent]:
    """Take a whole part back from an amount that is not paid; idempotent."""
    assert not payment.is_settled(), "what has paid for a booking is refunded, by an obligation"
    part = payment.credit_part(use)
    if part is None:
        raise rejections.CreditPartNotFound()
    if part.is_withdrawn:
        return []
    return [CreditPartReturned(credit=part.credit, use=use, amount=part.amount)]


def refund(
    payment: Payment, *, use: str, amount: money.Money, obligation: str, now: dt.datetime
) -> list[PaymentEvent]:
    """Give back what is owed by the obligation as credit, once from each use (M12)."""
    part = payment.credit_part(use)
    assert part is not None, "only what credit has paid goes back to it"
    assert payment.is_settled(), "an amount that is not paid owes nothing"
    assert 0 < amount.amount <= part.left.amount, "credit never gets back more than it paid"
    if any(each.use == use and each.obligation == obligation for each in payment.credit_returns):
        return []
    returned = CreditPartReturned(
        credit=part.credit, use=use, amount=amount, obligation=obligation, returned_at=now
    )
    return [returned]


def return_for_change(
    payment: Payment, *, use: str, amount: money.Money, booking: str
) -> list[PaymentEvent]:
    """Give a part back because the booking costs less after a change; the caller does it once."""
    part = payment.credit_part(use)
    assert part is not None, "only what credit has paid goes back to it"
    assert payment.is_settled(), "an amount that is not paid is withdrawn"
    assert 0 < amount.amount <= part.left.amount, "credit never gets back more than it paid"
    return [
        CreditPartReturned(credit=part.credit, use=use, amount=amount, modified_booking=booking)
    ]


def evolve(payment: Payment, event: CreditPartEvent) -> Payment:
    """The payment after the event."""
    match event:
        case CreditApplied():
            part = CreditPart(
                use=event.use,
                credit=event.credit,
                amount=event.amount,
                returned=money.Money(0, event.amount.currency),
            )
            return replace(payment, credit_parts=(*payment.credit_parts, part))
        case CreditPartReturned():
            return _returned(payment, event)
        case _:
            assert_never(event)


def _returned(payment: Payment, event: CreditPartReturned) -> Payment:
    parts = tuple(
        replace(
            each,
            returned=each.returned + event.amount,
            is_withdrawn=event.obligation is None and event.modified_booking is None,
        )
        if each.use == event.use
        else each
        for each in payment.credit_parts
    )
    returns = payment.credit_returns
    if event.obligation is not None:
        returned = CreditReturn(event.use, event.obligation, event.amount, event.returned_at)
        returns = (*returns, returned)
    return replace(payment, credit_parts=parts, credit_returns=returns)
