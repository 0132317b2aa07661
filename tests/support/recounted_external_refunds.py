"""What refunds made at Stripe by hand did to the money of a payment, from their events alone."""

from collections import Counter
from typing import Any

import msgspec

from domain.kernel import money
from domain.payment import external_refund_events as events
from domain.payment.external_refund_events import Purpose

ACCOUNTS = {Purpose.REFUND: "2100", Purpose.GOODWILL: "4900", Purpose.PARKED_FUNDS: "2020"}


class ExternalRefund(msgspec.Struct):
    """Money of a capture that was refunded by hand, and what each part of it was for."""

    booking: str
    intent: str
    amount: money.Money
    parts: list[events.ExternalRefundAllocated] = []
    failed: bool = False


def take(payment: Any, event: events.ExternalRefundFact) -> None:
    """Take an event of an external refund in."""
    match event:
        case events.ExternalRefundRecorded():
            assert event.provider_refund not in payment.external, "an external refund counts once"
            payment.external[event.provider_refund] = ExternalRefund(
                payment.booking, event.intent, event.amount
            )
        case events.ExternalRefundAllocated():
            known = payment.external[event.provider_refund]
            known.parts.append(event)
            assert not known.failed
            assert sum(each.amount.amount for each in known.parts) <= known.amount.amount
        case events.ExternalRefundFailed():
            assert not payment.external[event.provider_refund].failed, "it fails once"
            payment.external[event.provider_refund].failed = True
        case events.RefundCovered():
            assert payment.standing[event.refund] in {"requested", "refused", "failed"}
            assert event.amount.amount <= payment.refunds[event.refund].amount.amount
            payment.standing[event.refund] = "by hand"
            payment.covered[event.refund] = event.amount
        case events.RefundUncovered():
            assert payment.standing[event.refund] == "by hand"
            paid = payment.covered[event.refund]
            payment.covered[event.refund] = money.Money(0, paid.currency)


def expected(name: str, payments: list[Any]) -> Counter[tuple[str, str]]:
    """What the books must say of a booking; a part may be of a booking of the same family."""
    books: Counter[tuple[str, str]] = Counter()
    for each in (each for payment in payments for each in payment.external.values()):
        if each.failed:
            continue
        if each.booking == name:
            books["1010", each.amount.currency] -= each.amount.amount
            allocated = sum(part.amount.amount for part in each.parts)
            books["1290", each.amount.currency] += each.amount.amount - allocated
        for part in each.parts:
            if part.booking == name:
                books[ACCOUNTS[part.purpose], part.amount.currency] += part.amount.amount
    return books
