"""Every amount owed has a next step, and shows in a worklist until it is settled.

Judged from the state of the log and the tables of the read models from which worklists are read.
"""

from collections.abc import Sequence

from domain.booking import disruption, states
from domain.booking.state import Booking
from domain.kernel import money
from domain.ledger import accounts
from domain.payment.state import ARRIVED, Payment, Refund, RefundStatus
from tests.support.memory_read_models import MemoryReadModels


def check_amounts_owed(
    stream: str, booking: Booking, payments: Sequence[Payment], read_models: MemoryReadModels
) -> None:
    """Refunds, money of no use and unanswered cancellations of one booking."""
    _check_obligations(stream, booking, payments, read_models)
    check_parked(stream, payments, read_models)
    _check_unanswered(stream, booking, read_models)


def check_refunds(name: str, payments: Sequence[Payment], read_models: MemoryReadModels) -> None:
    """All refunds of a booking, or of money without one: listed, and what the books owe at least.

    The books owe nothing for a refund that Stripe has accepted, and less where Stripe took money
    for one that finance had paid by bank.
    """
    rows = read_models.rows_of("unfinished_refunds", "booking", name)
    refunds = [
        refund
        for payment in payments
        for refund in payment.refunds
        if payment.owed_by(refund) == name
    ]
    sent_again = {each.replaces for each in refunds}
    waiting = {
        each.id: each.amount.amount
        for each in refunds
        if each.status not in ARRIVED and each.id not in sent_again
    }
    assert {row.refund: row.amount for row in rows} == waiting, f"{name} has unlisted refunds"
    asked = sum(row.amount for row in rows if row.status != RefundStatus.ACCEPTED)
    twice = sum(
        each.amount.amount
        for each in refunds
        if each.bank_reference is not None and each.status is not RefundStatus.TRANSFERRED
    )
    booked = -sum(
        row.amount
        for row in read_models.rows_of("ledger_booking_balance", "booking", name)
        if row.account == accounts.REFUNDS_PAYABLE
    )
    assert booked >= asked - twice, f"{name} is owed {booked}, and {asked} was requested"


def _check_obligations(
    stream: str, booking: Booking, payments: Sequence[Payment], read_models: MemoryReadModels
) -> None:
    """What is owed is requested in full, or can be; what has not arrived is listed as it stands."""
    unrequested = money.Money(0, booking.currency)
    for owed in booking.obligations:
        refunds = _standing(payments, owed.id)
        credited = [
            each.amount
            for payment in payments
            for each in payment.credit_returns
            if each.obligation == owed.id
        ]
        if not refunds and not credited:
            unrequested += owed.amount
            continue
        amounts = [*(each.amount for each in refunds), *credited]
        requested = money.total(amounts, booking.currency)
        assert requested == owed.amount, f"{stream} is owed {owed} and {requested} was requested"
        for each in refunds:
            if each.status not in ARRIVED:
                listed = read_models.rows_of("unfinished_refunds", "refund", each.id)
                assert [row.status for row in listed] == [each.status], f"{each.id} is not listed"
    free = [
        *(payment.refundable(each.intent) for payment in payments for each in payment.captures),
        *(part.left for payment in payments for part in payment.credit_parts),
    ]
    left = sum(each.amount for each in free if each.currency == booking.currency)
    assert left >= unrequested.amount, f"{stream} is owed {unrequested}, of which {left} is left"


def _standing(payments: Sequence[Payment], obligation: str) -> list[Refund]:
    """The refunds of an obligation without those that were sent again."""
    refunds = [
        each for payment in payments for each in payment.refunds if each.obligation == obligation
    ]
    sent_again = {each.replaces for each in refunds}
    return [each for each in refunds if each.id not in sent_again]


def check_parked(stream: str, payments: Sequence[Payment], read_models: MemoryReadModels) -> None:
    """Money that could not be applied stays a balance of the booking, with its reason."""
    parked = [
        capture
        for payment in payments
        for capture in payment.captures
        if capture.unapplied().amount
    ]
    for capture in parked:
        listed = read_models.rows_of("ledger_parked_funds", "intent", capture.intent)
        assert listed, f"{stream} has unlisted money"


def _check_unanswered(stream: str, booking: Booking, read_models: MemoryReadModels) -> None:
    """A cancelled or moved flight that nobody answered is listed with the moment since when."""
    (row,) = read_models.rows_of("booking_list", "booking", stream)
    unanswered = disruption.unanswered_cancellations(booking)
    assert tuple(row.cancelled_segments) == unanswered, f"{stream} waits for an answer unseen"
    assert (row.unanswered_since is not None) == bool(unanswered)
    moved = disruption.unanswered_moves(booking)
    assert tuple(row.moved_segments) == moved, f"{stream} waits for an answer unseen"
    assert (row.moved_since is not None) == bool(moved)
    if booking.status in states.ENDED:
        assert not unanswered + moved, f"{stream} is over and waits for an answer"
