"""What happens to a booking; the tags and fields are a storage contract.

Fields with defaults are not written when they hold them: an event without money has no `entry`,
and the database takes every `entry` it meets for one that must balance.
"""

import datetime as dt
from typing import ClassVar, Literal

import msgspec

from domain.kernel import entries, money, sealed
from domain.kernel.events import DomainEvent
from domain.pricing.price import CouponPrice, PassengerType, Price

Residue = Literal["cash", "credit"]
Destination = Literal["none", "card", "credit"]
DisruptionKind = Literal["rescheduled", "cancelled"]
DisruptionAnswer = Literal["accepted", "moved", "refunded"]
OffloadFault = Literal["airline", "passenger"]


class Passenger(msgspec.Struct, frozen=True):
    """One traveller: the names are sealed under a key of their own."""

    type: PassengerType
    name: sealed.Sealed


class Segment(msgspec.Struct, frozen=True):
    """One flight of the journey, in a cabin and a fare class of it.

    `residue` is the class's rule: where money goes when a change makes the journey cheaper.
    """

    flight: str
    cabin: str
    fare_class: str
    residue: Residue = "cash"


class SeatChoice(msgspec.Struct, frozen=True):
    """The seat of a passenger on a segment, such as `12A`."""

    passenger: int
    segment: int
    seat: str


class Ticket(msgspec.Struct, frozen=True):
    """The ticket number (13 digits, IATA) of the passenger at this index, from 0."""

    passenger: int
    number: str


class ExtraDocument(msgspec.Struct, frozen=True):
    """The number (13 digits, IATA EMD-A) of the document of the extra at this index, from 0."""

    extra: int
    number: str


class CouponId(msgspec.Struct, frozen=True):
    """One passenger on one segment."""

    passenger: int
    segment: int


class Obligation(msgspec.Struct, frozen=True):
    """Money that the airline owes because of one decision; refunds refer to its id."""

    id: str
    amount: money.Money


class BoardingPlace(msgspec.Struct, frozen=True):
    """A checked-in passenger: the flight's sequence number; no seat for a lap infant."""

    passenger: int
    seat: str | None
    sequence: int


class Change(msgspec.Struct, frozen=True):
    """A modification of one segment as it was quoted and accepted.

    `coupons` are the new values of the segment's open coupons, `fee` within them; `due` is what
    must be paid first, `back` what is given back by `destination`; at most one is not zero.
    """

    number: int
    segment: int
    to: Segment
    coupons: tuple[CouponPrice, ...]
    fee: int
    due: int
    back: int
    destination: Destination
    reason: str


class BookingInitiated(DomainEvent, frozen=True, omit_defaults=True):
    """A draft: who wants to travel on which flights at which price.

    `lapses_at` is there for a draft that asks for no seats yet.
    """

    tag: ClassVar[str] = "booking.initiated.1"
    owner: str
    segments: tuple[Segment, ...]
    passengers: tuple[Passenger, ...]
    contact: sealed.Sealed
    price: Price
    seats: tuple[SeatChoice, ...] = ()
    lapses_at: dt.datetime | None = None


class BookingWaitlisted(DomainEvent, frozen=True):
    """The booking waits for seats on all its flights, at most until then."""

    tag: ClassVar[str] = "booking.waitlisted.1"
    waits_until: dt.datetime


class BookingReserved(DomainEvent, frozen=True):
    """The seats are held until the deadline."""

    tag: ClassVar[str] = "booking.reserved.1"
    hold_until: dt.datetime


class BookingPaymentFailed(DomainEvent, frozen=True):
    """A card was declined while the booking had no seats to keep for it."""

    tag: ClassVar[str] = "booking.payment_failed.1"
    reason: str


class BookingPaymentRetried(DomainEvent, frozen=True):
    """The traveller tries again to pay and waits for seats again, at most until then."""

    tag: ClassVar[str] = "booking.payment_retried.1"
    waits_until: dt.datetime


class BookingPaid(DomainEvent, frozen=True):
    """A payment captured exactly the amount due."""

    tag: ClassVar[str] = "booking.paid.1"
    payment: str
    amount: money.Money


class BookingConfirmed(DomainEvent, frozen=True, omit_defaults=True):
    """Tickets are issued; the entry moves the money to the air traffic liability."""

    tag: ClassVar[str] = "booking.confirmed.1"
    tickets: tuple[Ticket, ...]
    entry: entries.Entry
    documents: tuple[ExtraDocument, ...] = ()


class BookingExpired(DomainEvent, frozen=True):
    """The hold, the draft or the waiting lapsed unpaid; held seats went back on sale."""

    tag: ClassVar[str] = "booking.expired.1"
    reason: str


class BookingCancelled(DomainEvent, frozen=True, omit_defaults=True):
    """All that was still to be flown is given up; the fee was frozen by the accepted quote.

    `waiver` is the reason of staff for taking no fee. No entry where nothing was paid.
    """

    tag: ClassVar[str] = "booking.cancelled.1"
    reason: str
    fee: int
    destination: Destination
    coupons: tuple[CouponId, ...] = ()
    waiver: str | None = None
    obligation: Obligation | None = None
    entry: entries.Entry | None = None


class CouponsCancelled(DomainEvent, frozen=True, omit_defaults=True):
    """A part is given up: one passenger, one flight, or both; the rest stands."""

    tag: ClassVar[str] = "booking.coupons_cancelled.1"
    reason: str
    fee: int
    destination: Destination
    coupons: tuple[CouponId, ...]
    waiver: str | None = None
    obligation: Obligation | None = None
    entry: entries.Entry | None = None


class RefundGranted(DomainEvent, frozen=True):
    """Finance gives money back beyond the rules; open coupons are given up with it.

    The status stays until the money has arrived. `in_full` when nothing paid is kept.
    """

    tag: ClassVar[str] = "booking.refund_granted.1"
    reason: str
    in_full: bool
    coupons: tuple[CouponId, ...]
    obligation: Obligation
    entry: entries.Entry


class BookingRefunded(DomainEvent, frozen=True):
    """Everything that was owed has been given back: nothing moves any more."""

    tag: ClassVar[str] = "booking.refunded.1"


class ChangeAccepted(DomainEvent, frozen=True):
    """A modification waits for its money; the new seats are held until the deadline."""

    tag: ClassVar[str] = "booking.change_accepted.1"
    change: Change
    hold_until: dt.datetime


class ChangePaid(DomainEvent, frozen=True):
    """A payment captured exactly what the modification costs."""

    tag: ClassVar[str] = "booking.change_paid.1"
    number: int
    payment: str
    amount: money.Money


class ChangeExpired(DomainEvent, frozen=True):
    """The money never came: the new seats are on sale again, the booking is as before."""

    tag: ClassVar[str] = "booking.change_expired.1"
    number: int
    reason: str


class ChangeCompleted(DomainEvent, frozen=True, omit_defaults=True):
    """The segment is exchanged: other flight or cabin, new coupon values, new tickets."""

    tag: ClassVar[str] = "booking.change_completed.1"
    change: Change
    tickets: tuple[Ticket, ...]
    entry: entries.Entry | None = None
    obligation: Obligation | None = None


class NameCorrected(DomainEvent, frozen=True):
    """A few letters of a passenger's name; the person stays the same."""

    tag: ClassVar[str] = "booking.name_corrected.1"
    passenger: int
    name: sealed.Sealed


class DocumentRecorded(DomainEvent, frozen=True):
    """A passenger's travel document (APIS), sealed under the passenger's key."""

    tag: ClassVar[str] = "booking.document_recorded.1"
    passenger: int
    document: sealed.Sealed


class SeatsChosen(DomainEvent, frozen=True):
    """Passengers have these seats on their flights."""

    tag: ClassVar[str] = "booking.seats_chosen.1"
    seats: tuple[SeatChoice, ...]


class SeatsLost(DomainEvent, frozen=True):
    """Another aircraft lacks the chosen seats: others may be chosen, or are given at check-in."""

    tag: ClassVar[str] = "booking.seats_lost.1"
    seats: tuple[SeatChoice, ...]
    reason: str


class PassengersCheckedIn(DomainEvent, frozen=True):
    """Passengers accepted for a flight."""

    tag: ClassVar[str] = "booking.passengers_checked_in.1"
    segment: int
    places: tuple[BoardingPlace, ...]


class PassengersBoarded(DomainEvent, frozen=True):
    """Passengers are on board: their coupons are lifted."""

    tag: ClassVar[str] = "booking.passengers_boarded.1"
    segment: int
    passengers: tuple[int, ...]


class CouponsFlown(DomainEvent, frozen=True, omit_defaults=True):
    """The flight left with these passengers: the entry recognises revenue."""

    tag: ClassVar[str] = "booking.coupons_flown.1"
    segment: int
    passengers: tuple[int, ...]
    entry: entries.Entry | None = None


class PassengersMissed(DomainEvent, frozen=True, omit_defaults=True):
    """The flight left without these passengers; their later flights lapse with it."""

    tag: ClassVar[str] = "booking.passengers_missed.1"
    coupons: tuple[CouponId, ...]
    entry: entries.Entry | None = None
    obligation: Obligation | None = None


class BookingCompleted(DomainEvent, frozen=True):
    """All coupons are final and at least one was flown."""

    tag: ClassVar[str] = "booking.completed.1"


class NewTimes(msgspec.Struct, frozen=True):
    """When a rescheduled flight goes now; UTC instants."""

    departs_at: dt.datetime
    arrives_at: dt.datetime


class DisruptionOffered(DomainEvent, frozen=True, omit_defaults=True):
    """The airline cancelled or moved a flight: stay with it, move free, or full refund.

    `times` are there where it was moved. Once `material`, it stays so until it is answered.
    """

    tag: ClassVar[str] = "booking.disruption_offered.1"
    segment: int
    flight: str
    kind: DisruptionKind
    reason: str
    material: bool
    times: NewTimes | None = None


class DisruptionAnswered(DomainEvent, frozen=True):
    """What the passengers chose."""

    tag: ClassVar[str] = "booking.disruption_answered.1"
    segment: int
    answer: DisruptionAnswer


BookingEvent = (
    BookingInitiated
    | BookingWaitlisted
    | BookingReserved
    | BookingPaymentFailed
    | BookingPaymentRetried
    | BookingPaid
    | BookingConfirmed
    | BookingExpired
    | BookingCancelled
    | CouponsCancelled
    | RefundGranted
    | BookingRefunded
    | ChangeAccepted
    | ChangePaid
    | ChangeExpired
    | ChangeCompleted
    | NameCorrected
    | DocumentRecorded
    | SeatsChosen
    | SeatsLost
    | PassengersCheckedIn
    | PassengersBoarded
    | CouponsFlown
    | PassengersMissed
    | BookingCompleted
    | DisruptionOffered
    | DisruptionAnswered
)
