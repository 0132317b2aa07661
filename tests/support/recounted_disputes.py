"""What disputes did to the money and the coupons of a booking, counted from their events alone."""

from typing import Any

from domain.booking.charge_back_events import CouponsVoided
from domain.kernel import entries, money
from domain.payment import dispute_events as disputes
from tests.support.recounted import Booking, Payment


def take(payment: Payment, event: Any) -> None:
    """Take an event of a dispute in."""
    match event:
        case disputes.RefundChargedBack():
            assert payment.standing[event.refund] in {"requested", "refused", "failed"}
            assert event.amount.amount <= payment.refunds[event.refund].amount.amount
            payment.standing[event.refund] = "charged"
            payment.charged[event.refund] = event.amount
        case disputes.DisputeFundsWithdrawn():
            payment.take(event.transaction, event.amount, event.fee)
        case disputes.DisputeFundsReinstated():
            payment.take(event.transaction, -event.amount, -event.fee)
            parked = _lines(event.entry).get("2020", 0)
            assert -event.recovered <= parked <= 0
            payment.recovered += event.recovered + parked
            payment.lost_parked += parked
            assert payment.lost_parked >= 0, "more is parked again than was taken"
        case disputes.DisputeLost(entry=entry) if entry is not None:
            lines = _lines(entry)
            payment.lost += lines.get("6010", 0)
            payment.lost_parked += lines.get("2020", 0)


def void(booking: Booking, event: CouponsVoided, back: int) -> None:
    """What was paid for void coupons is taken, owed, or less than a card can have."""
    worth = sum(booking.worth([(each.passenger, each.segment) for each in event.coupons]))
    if event.entry is None:
        assert worth == 0
        return
    lines = _lines(event.entry)
    taken, spared = -lines.get("1200", 0), -lines.get("6010", 0)
    assert worth == taken + back + spared
    assert taken >= 0
    assert 0 <= spared < money.charge_step(booking.currency)
    booking.spared += spared
    booking.charged_back += taken


def _lines(entry: entries.Entry) -> dict[str, int]:
    return {each.account: each.amount for each in entry.postings}
