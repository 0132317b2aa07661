"""All events of a booking; their tags and fields are a storage contract.

Each capability has a root class (`SaleFact`), whose `capability` selects the fold, and a union
(`SaleEvent`), by which mypy finds a missing step. A field that holds its default is not written.
"""

import datetime as dt
from typing import ClassVar, Literal

from domain.booking.attachment_events import AttachmentEvent
from domain.booking.charge_back_events import ChargeBackEvent
from domain.booking.check_in_events import CheckInFact, DepartureWithdrawn
from domain.booking.division_events import DivisionEvent
from domain.booking.extras_events import ExtrasEvent
from domain.booking.hold_extension_events import HoldExtensionEvent
from domain.booking.refund_approval_events import RefundApprovalEvent
from domain.booking.reseating_events import ReseatingEvent
from domain.booking.seat_events import SeatExtrasRefunded, SeatFact
from domain.booking.suspension_events import SuspensionEvent
from domain.booking.values import (
    CheckedInPassenger,
    CouponId,
    Destination,
    DisruptionAnswer,
    DisruptionKind,
    DocumentFindings,
    ExtraDocument,
    Modification,
    NewTimes,
    Obligation,
    Passenger,
    Retaxed,
    SeatChoice,
    Segment,
    Ticket,
)
from domain.kernel import entries, money, sealed
from domain.kernel.events import DomainEvent
from domain.pricing.price import Price


class BookingInitiated(DomainEvent, frozen=True, omit_defaults=True):
    """A draft: who wants to travel on which flights at which price. It begins every stream.

    `lapses_at` is the deadline of a draft that holds no seats yet.
    """

    tag: ClassVar[str] = "booking.initiated.1"
    capability: ClassVar[Literal["start"]] = "start"
    owner: str
    segments: tuple[Segment, ...]
    passengers: tuple[Passenger, ...]
    contact: sealed.Sealed
    price: Price
    seats: tuple[SeatChoice, ...] = ()
    lapses_at: dt.datetime | None = None


class SaleFact(DomainEvent, frozen=True):
    """Root of the events that lead from a draft to tickets."""

    capability: ClassVar[Literal["sale"]] = "sale"


class BookingWaitlisted(SaleFact, frozen=True):
    """The booking is on the waitlist of all its flights, at most until then."""

    tag: ClassVar[str] = "booking.waitlisted.1"
    waits_until: dt.datetime


class BookingReserved(SaleFact, frozen=True):
    """The seats are held until the deadline."""

    tag: ClassVar[str] = "booking.reserved.1"
    hold_until: dt.datetime


class BookingPaymentFailed(SaleFact, frozen=True):
    """A card was declined while the booking held no seats."""

    tag: ClassVar[str] = "booking.payment_failed.1"
    reason: str


class BookingPaymentRetried(SaleFact, frozen=True):
    """The traveller pays again and is back on the waitlist, at most until then."""

    tag: ClassVar[str] = "booking.payment_retried.1"
    waits_until: dt.datetime


class BookingPaid(SaleFact, frozen=True):
    """A payment captured exactly the amount due."""

    tag: ClassVar[str] = "booking.paid.1"
    payment: str
    amount: money.Money


class BookingConfirmed(SaleFact, frozen=True, omit_defaults=True):
    """Tickets are issued; the entry moves the money to the air traffic liability."""

    tag: ClassVar[str] = "booking.confirmed.1"
    tickets: tuple[Ticket, ...]
    entry: entries.Entry
    documents: tuple[ExtraDocument, ...] = ()


class BookingExpired(SaleFact, frozen=True):
    """The draft, waitlist place or hold lapsed unpaid; held seats are on sale again."""

    tag: ClassVar[str] = "booking.expired.1"
    reason: str


_Payment = BookingPaid | BookingPaymentFailed | BookingPaymentRetried
SaleEvent = BookingReserved | BookingConfirmed | BookingExpired | BookingWaitlisted | _Payment


class SeatsChosen(SeatFact, frozen=True):
    """Passengers have these seats on their flights."""

    tag: ClassVar[str] = "booking.seats_chosen.1"
    seats: tuple[SeatChoice, ...]


class SeatsLost(SeatFact, frozen=True):
    """Another aircraft lacks the chosen seats: others are chosen, or assigned at check-in."""

    tag: ClassVar[str] = "booking.seats_lost.1"
    seats: tuple[SeatChoice, ...]
    reason: str


SeatEvent = SeatsChosen | SeatsLost | SeatExtrasRefunded


class PassengerDetailFact(DomainEvent, frozen=True):
    """Root of the events about names and travel documents."""

    capability: ClassVar[Literal["passenger_details"]] = "passenger_details"


class NameCorrected(PassengerDetailFact, frozen=True, omit_defaults=True):
    """A few letters of a name; more for a `reason` (a code) and `notes` of staff; same person."""

    tag: ClassVar[str] = "booking.name_corrected.1"
    passenger: int
    name: sealed.Sealed
    reason: str | None = None
    notes: tuple[sealed.Sealed, ...] = ()


class DocumentRecorded(PassengerDetailFact, frozen=True, omit_defaults=True):
    """A passenger's travel document (APIS), sealed under the passenger's key."""

    tag: ClassVar[str] = "booking.document_recorded.1"
    passenger: int
    document: sealed.Sealed
    findings: DocumentFindings = DocumentFindings()


class SpecialServiceRequested(PassengerDetailFact, frozen=True, omit_defaults=True):
    """A passenger needs a service on a flight; `box` is its sealed IATA code such as WCHR or VGML
    (resolution 1784), which events of earlier releases have as `code`."""

    tag: ClassVar[str] = "booking.special_service_requested.1"
    passenger: int
    segment: int
    code: str = ""
    box: sealed.Sealed | None = None


class SpecialServiceWithdrawn(PassengerDetailFact, frozen=True, omit_defaults=True):
    """A requested service is not needed any more; it is named as in its request."""

    tag: ClassVar[str] = "booking.special_service_withdrawn.1"
    passenger: int
    segment: int
    code: str = ""
    box: sealed.Sealed | None = None


_Service = SpecialServiceRequested | SpecialServiceWithdrawn
PassengerDetailEvent = NameCorrected | DocumentRecorded | _Service


class PassengersCheckedIn(CheckInFact, frozen=True):
    """Passengers are accepted for a flight."""

    tag: ClassVar[str] = "booking.passengers_checked_in.1"
    segment: int
    places: tuple[CheckedInPassenger, ...]


class CheckInWithdrawn(CheckInFact, frozen=True):
    """Passengers are not checked in any more; they keep their seats."""

    tag: ClassVar[str] = "booking.check_in_withdrawn.1"
    segment: int
    passengers: tuple[int, ...]


class PassengersBoarded(CheckInFact, frozen=True):
    """Passengers are on board: their coupons are lifted."""

    tag: ClassVar[str] = "booking.passengers_boarded.1"
    segment: int
    passengers: tuple[int, ...]


class CouponsFlown(CheckInFact, frozen=True, omit_defaults=True):
    """The flight left with these passengers: the entry recognises revenue.

    `departed_at` says which departure it was; None where that was not recorded.
    """

    tag: ClassVar[str] = "booking.coupons_flown.1"
    segment: int
    passengers: tuple[int, ...]
    entry: entries.Entry | None = None
    departed_at: dt.datetime | None = None


class PassengersMissed(CheckInFact, frozen=True, omit_defaults=True):
    """The flight left without these passengers; their later flights lapse with it."""

    tag: ClassVar[str] = "booking.passengers_missed.1"
    coupons: tuple[CouponId, ...]
    entry: entries.Entry | None = None
    obligation: Obligation | None = None
    departed_at: dt.datetime | None = None


class BookingCompleted(CheckInFact, frozen=True):
    """All coupons are final and at least one was flown."""

    tag: ClassVar[str] = "booking.completed.1"


_Departure = PassengersBoarded | CouponsFlown | PassengersMissed | BookingCompleted
CheckInEvent = PassengersCheckedIn | CheckInWithdrawn | _Departure | DepartureWithdrawn


class CancellationFact(DomainEvent, frozen=True):
    """Root of the events that cancel coupons, and of those about the money owed for it."""

    capability: ClassVar[Literal["cancellation"]] = "cancellation"


class BookingCancelled(CancellationFact, frozen=True, omit_defaults=True):
    """All open coupons are cancelled; the fee is that of the accepted quote.

    `reason` and `waiver`, why staff took no fee, are codes; `notes` are what staff wrote. No entry
    where nothing was paid.
    """

    tag: ClassVar[str] = "booking.cancelled.1"
    reason: str
    fee: int
    destination: Destination
    coupons: tuple[CouponId, ...] = ()
    waiver: str | None = None
    obligation: Obligation | None = None
    entry: entries.Entry | None = None
    notes: tuple[sealed.Sealed, ...] = ()


class CouponsCancelled(CancellationFact, frozen=True, omit_defaults=True):
    """A part is cancelled: one passenger, one flight, or both; `retaxed` is what is taxed otherwise
    without it."""

    tag: ClassVar[str] = "booking.coupons_cancelled.1"
    reason: str
    fee: int
    destination: Destination
    coupons: tuple[CouponId, ...]
    waiver: str | None = None
    obligation: Obligation | None = None
    entry: entries.Entry | None = None
    retaxed: Retaxed = Retaxed()
    notes: tuple[sealed.Sealed, ...] = ()


class RefundGranted(CancellationFact, frozen=True, omit_defaults=True):
    """Finance grants a refund beyond the rules; open coupons are cancelled with it.

    The status stays until the money has arrived. `in_full` when nothing paid is kept.
    """

    tag: ClassVar[str] = "booking.refund_granted.1"
    reason: str
    in_full: bool
    coupons: tuple[CouponId, ...]
    obligation: Obligation
    entry: entries.Entry
    notes: tuple[sealed.Sealed, ...] = ()


class BookingRefunded(CancellationFact, frozen=True):
    """All refunds that were owed have arrived: the booking never changes again."""

    tag: ClassVar[str] = "booking.refunded.1"


CancellationEvent = BookingCancelled | CouponsCancelled | RefundGranted | BookingRefunded


class ModificationFact(DomainEvent, frozen=True):
    """Root of the events that exchange a segment."""

    capability: ClassVar[Literal["modification"]] = "modification"


class ModificationAccepted(ModificationFact, frozen=True):
    """A modification awaits payment; the new seats are held until the deadline."""

    tag: ClassVar[str] = "booking.modification_accepted.1"
    modification: Modification
    hold_until: dt.datetime


class ModificationPaid(ModificationFact, frozen=True):
    """A payment captured exactly what the modification costs."""

    tag: ClassVar[str] = "booking.modification_paid.1"
    number: int
    payment: str
    amount: money.Money


class ModificationExpired(ModificationFact, frozen=True):
    """The modification was not paid: the new seats are on sale again, nothing else changed."""

    tag: ClassVar[str] = "booking.modification_expired.1"
    number: int
    reason: str


class ModificationCompleted(ModificationFact, frozen=True, omit_defaults=True):
    """The segment is exchanged: other flight or cabin, new coupon values, new tickets."""

    tag: ClassVar[str] = "booking.modification_completed.1"
    modification: Modification
    tickets: tuple[Ticket, ...]
    entry: entries.Entry | None = None
    obligation: Obligation | None = None


ModificationEvent = (
    ModificationAccepted | ModificationPaid | ModificationExpired | ModificationCompleted
)


class DisruptionFact(DomainEvent, frozen=True):
    """Root of the events about flights that the airline cancelled or rescheduled."""

    capability: ClassVar[Literal["disruption"]] = "disruption"


class DisruptionOffered(DisruptionFact, frozen=True, omit_defaults=True):
    """The airline cancelled or moved a flight: stay with it, move free, or full refund.

    `times` where it was moved, `agreed` those last accepted; `material` stays until it is answered.
    """

    tag: ClassVar[str] = "booking.disruption_offered.1"
    segment: int
    flight: str
    kind: DisruptionKind
    reason: str
    material: bool
    times: NewTimes | None = None
    agreed: NewTimes | None = None


class DisruptionAnswered(DisruptionFact, frozen=True):
    """What the passengers chose."""

    tag: ClassVar[str] = "booking.disruption_answered.1"
    segment: int
    answer: DisruptionAnswer


class DisruptionReminded(DisruptionFact, frozen=True):
    """The passengers of these cancelled flights were reminded that they have not answered."""

    tag: ClassVar[str] = "booking.disruption_reminded.1"
    segments: tuple[int, ...]


DisruptionEvent = DisruptionOffered | DisruptionAnswered | DisruptionReminded

_Travelled = BookingInitiated | SaleEvent | SeatEvent | PassengerDetailEvent | CheckInEvent
_Changed = CancellationEvent | ModificationEvent | DisruptionEvent | DivisionEvent
_Special = SuspensionEvent | ChargeBackEvent | ReseatingEvent | AttachmentEvent
_Later = RefundApprovalEvent | HoldExtensionEvent | ExtrasEvent
BookingEvent = _Travelled | _Changed | _Special | _Later
