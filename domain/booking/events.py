"""What happens to a booking; the tags and fields are a storage contract."""

import datetime as dt
from typing import ClassVar

import msgspec

from domain.kernel import entries, money, sealed
from domain.kernel.events import DomainEvent
from domain.pricing.price import PassengerType, Price


class Passenger(msgspec.Struct, frozen=True):
    """One traveller: the names are sealed under a key of their own."""

    type: PassengerType
    name: sealed.Sealed


class Ticket(msgspec.Struct, frozen=True):
    """The ticket number (13 digits, IATA) of the passenger at this index, from 0."""

    passenger: int
    number: str


class BookingInitiated(DomainEvent, frozen=True):
    """A draft: who wants to travel on which flight at which price."""

    tag: ClassVar[str] = "booking.initiated.1"
    owner: str
    flight: str
    cabin: str
    seat_count: int
    passengers: tuple[Passenger, ...]
    contact: sealed.Sealed
    price: Price


class BookingReserved(DomainEvent, frozen=True):
    """The seats are held until the deadline."""

    tag: ClassVar[str] = "booking.reserved.1"
    hold_until: dt.datetime


class BookingPaid(DomainEvent, frozen=True):
    """A payment captured exactly the amount due."""

    tag: ClassVar[str] = "booking.paid.1"
    payment: str
    amount: money.Money


class BookingConfirmed(DomainEvent, frozen=True):
    """Tickets are issued; the entry moves the money to the air traffic liability."""

    tag: ClassVar[str] = "booking.confirmed.1"
    tickets: tuple[Ticket, ...]
    entry: entries.Entry


class BookingExpired(DomainEvent, frozen=True):
    """The hold lapsed unpaid; the seats went back on sale in the same append."""

    tag: ClassVar[str] = "booking.expired.1"
    reason: str


BookingEvent = BookingInitiated | BookingReserved | BookingPaid | BookingConfirmed | BookingExpired
