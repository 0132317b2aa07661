"""The events by which passengers leave a booking for one of their own.

The fields are a storage contract, as in `events.py`; so are those of the coupons, extras,
disruptions and services in them.
"""

from typing import ClassVar, Literal

import msgspec

from domain.booking.coupons import Coupon, Extra
from domain.booking.state import Disruption, SpecialService
from domain.booking.values import Passenger, Segment, Ticket
from domain.kernel import entries, money, sealed
from domain.kernel.events import DomainEvent
from domain.pricing.price import Price


class FlownValue(msgspec.Struct, frozen=True):
    """Fares and extras without tax that became revenue on a segment, in minor units."""

    segment: int
    fare: int
    ancillary: int


class DivisionFact(DomainEvent, frozen=True):
    """Root of the events about the division of a booking."""

    capability: ClassVar[Literal["division"]] = "division"


class BookingDivided(DivisionFact, frozen=True, omit_defaults=True):
    """These passengers have left for the booking `into`, with all that they flew or can still fly.

    `amount` of what was paid goes with them; `price` is what was sold to those who stay, and what
    those who left had cancelled or missed. `contact` where it was sealed under the key of one who
    left; `flown` is what goes with them of departures that may still be taken back. No entry where
    nothing was paid for them.
    """

    tag: ClassVar[str] = "booking.divided.1"
    into: str
    passengers: tuple[int, ...]
    amount: money.Money
    price: Price
    contact: sealed.Sealed | None = None
    flown: tuple[FlownValue, ...] = ()
    entry: entries.Entry | None = None


class BookingDividedOff(DivisionFact, frozen=True, omit_defaults=True):
    """A booking of passengers who have left the booking `source`; it begins its stream.

    Passengers are counted anew, segments are as they were. What was cancelled or missed before has
    a coupon without a value. `payments` are those of `source`: refunds are drawn from them.
    `captured` is the part of them that belongs to this booking now.
    """

    tag: ClassVar[str] = "booking.divided_off.1"
    source: str
    owner: str
    segments: tuple[Segment, ...]
    passengers: tuple[Passenger, ...]
    contact: sealed.Sealed
    price: Price
    coupons: tuple[Coupon, ...]
    captured: money.Money
    payments: tuple[str, ...]
    tickets: tuple[Ticket, ...]
    documents: tuple[sealed.Sealed | None, ...]
    sold_names: tuple[sealed.Sealed, ...]
    extras: tuple[Extra, ...] = ()
    disruptions: tuple[Disruption, ...] = ()
    special_services: tuple[SpecialService, ...] = ()
    entry: entries.Entry | None = None


DivisionEvent = BookingDivided | BookingDividedOff
