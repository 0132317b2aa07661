"""The events about extras that are sold after the tickets, and about extras that are returned.

The fields are a storage contract, as in `events.py`.
"""

import datetime as dt
from typing import ClassVar, Literal

from domain.booking.values import ExtraDocument, ExtrasOrder, Obligation
from domain.kernel import entries, money
from domain.kernel.events import DomainEvent
from domain.pricing.price import ExtraPrice


class ExtrasFact(DomainEvent, frozen=True):
    """Root of the events about extras of a ticketed booking."""

    capability: ClassVar[Literal["extras"]] = "extras"


class ExtrasOrdered(ExtrasFact, frozen=True):
    """Extras await payment at their prices; nothing else of the booking changes meanwhile."""

    tag: ClassVar[str] = "booking.extras_ordered.1"
    order: ExtrasOrder
    hold_until: dt.datetime


class ExtrasPaid(ExtrasFact, frozen=True):
    """A payment captured exactly what the order costs."""

    tag: ClassVar[str] = "booking.extras_paid.1"
    number: int
    payment: str
    amount: money.Money


class ExtrasOrderExpired(ExtrasFact, frozen=True):
    """The order was not paid, or abandoned: the booking is as before."""

    tag: ClassVar[str] = "booking.extras_order_expired.1"
    number: int
    reason: str


class ExtrasIssued(ExtrasFact, frozen=True, omit_defaults=True):
    """The paid extras are sold, each with its document; the entry defers what they cost.

    `refused` could not be given any more, such as a seat that was taken meanwhile: what was paid
    for them is owed.
    """

    tag: ClassVar[str] = "booking.extras_issued.1"
    number: int
    extras: tuple[ExtraPrice, ...]
    documents: tuple[ExtraDocument, ...]
    entry: entries.Entry
    refused: tuple[ExtraPrice, ...] = ()
    obligation: Obligation | None = None


class ExtraRefunded(ExtrasFact, frozen=True, omit_defaults=True):
    """The passenger returns an unused extra: of its price the fee is kept, the rest is owed."""

    tag: ClassVar[str] = "booking.extra_refunded.1"
    document: str
    fee: int
    entry: entries.Entry
    obligation: Obligation | None = None


ExtrasEvent = ExtrasOrdered | ExtrasPaid | ExtrasOrderExpired | ExtrasIssued | ExtraRefunded
