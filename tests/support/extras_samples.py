"""Samples of extras after the sale: their entries, and the events that come before them."""

from domain.booking import events as bookings
from domain.booking.extras_events import (
    ExtraRefunded,
    ExtrasIssued,
    ExtrasOrdered,
    ExtrasOrderExpired,
    ExtrasPaid,
)
from domain.kernel.events import DomainEvent
from domain.ledger import accounts

RULES: dict[str, tuple[str, str, str]] = {
    "booking.extras_issued": ("extras", accounts.UNAPPLIED_FUNDS, accounts.ANCILLARY_LIABILITY),
    "booking.extra_refunded": (
        "cancellation",
        accounts.ANCILLARY_LIABILITY,
        accounts.REFUNDS_PAYABLE,
    ),
}
_TICKETED = (bookings.BookingReserved, bookings.BookingPaid, bookings.BookingConfirmed)
BEFORE: dict[type[DomainEvent], tuple[type[DomainEvent], ...]] = {
    ExtrasOrdered: _TICKETED,
    ExtrasPaid: (*_TICKETED, ExtrasOrdered),
    ExtrasOrderExpired: (*_TICKETED, ExtrasOrdered),
    ExtrasIssued: (*_TICKETED, ExtrasOrdered, ExtrasPaid),
    ExtraRefunded: (*_TICKETED, ExtrasOrdered, ExtrasPaid, ExtrasIssued),
}
