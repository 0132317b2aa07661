"""Extras after the sale as plain facts: what is ordered, paid, sold, returned."""

from typing import Any

from domain.booking import events as bookings
from domain.booking.extras_events import (
    ExtraRefunded,
    ExtrasIssued,
    ExtrasOrdered,
    ExtrasOrderExpired,
    ExtrasPaid,
)
from domain.kernel import money
from domain.pricing.price import ExtraPrice
from tests.support.recounted import Booking


def _fact(extra: ExtraPrice) -> tuple[int, int, int, int]:
    return (extra.passenger, extra.segment, extra.net, extra.vat)


def confirmed(booking: Booking, event: bookings.BookingConfirmed) -> None:
    """Each extra of the sale has a document."""
    for each in event.documents:
        booking.documents[each.number] = booking.extras[each.extra]


def _ordered(_recount: Any, _stream: str, booking: Booking, event: ExtrasOrdered) -> None:
    assert booking.ticketed
    assert booking.modification is None
    assert booking.ordered is None
    assert event.order.due > 0
    booking.ordered, booking.ordered_paid = event.order, False


def _paid(_recount: Any, _stream: str, booking: Booking, event: ExtrasPaid) -> None:
    assert booking.ordered is not None
    assert not booking.ordered_paid
    assert event.amount == money.Money(booking.ordered.due, booking.currency)
    booking.paid[event.payment] = event.amount.amount
    booking.ordered_paid = True


def _expired(_recount: Any, _stream: str, booking: Booking, _event: ExtrasOrderExpired) -> None:
    assert booking.ordered is not None
    assert not booking.ordered_paid
    booking.ordered = None


def _issued(recount: Any, stream: str, booking: Booking, event: ExtrasIssued) -> None:
    assert booking.ordered is not None
    assert booking.ordered_paid
    both = sorted(map(_fact, (*event.extras, *event.refused)))
    assert both == sorted(map(_fact, booking.ordered.extras)), "given, or paid back"
    assert len(event.documents) == len(event.extras)
    recount.issue(each.number for each in event.documents)
    for each, extra in zip(event.documents, event.extras, strict=True):
        assert booking.coupons[extra.passenger, extra.segment].status in "OC"
        booking.extras = [*booking.extras, _fact(extra)]
        booking.documents[each.number] = _fact(extra)
    back = recount.promise(stream, booking, event.obligation)
    assert back == sum(each.total for each in event.refused)
    booking.dues += booking.ordered.due
    booking.ordered, booking.ordered_paid = None, False


def _refunded(recount: Any, stream: str, booking: Booking, event: ExtraRefunded) -> None:
    passenger, segment, net, _ = booking.documents.pop(event.document)
    # Its tax may have changed with its journey.
    (gone, *_) = [each for each in booking.extras if each[:3] == (passenger, segment, net)]
    assert booking.coupons[passenger, segment].status == "O"
    back = recount.promise(stream, booking, event.obligation)
    assert back + event.fee == net + gone[3], "an extra lost or found money"
    booking.extras = [
        each for index, each in enumerate(booking.extras) if index != booking.extras.index(gone)
    ]
    kept = gone[3] - sum(each.amount for each in event.entry.postings if each.account == "2300")
    assert 0 <= kept <= event.fee
    booking.fees += event.fee
    booking.fee_vat += kept


STEPS = {
    ExtrasOrdered: _ordered,
    ExtrasPaid: _paid,
    ExtrasOrderExpired: _expired,
    ExtrasIssued: _issued,
    ExtraRefunded: _refunded,
}
