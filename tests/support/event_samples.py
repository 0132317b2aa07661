"""One sample of every event type in every form that its type allows.

The samples are found in the types: each optional field is there and absent in every combination,
each value of a Literal and each boolean occurs, nested structs likewise. Ids, times and amounts
fit each other and entries balance; `preceding` returns events that a stream may hold before one.
"""

import datetime as dt
import enum
import functools
import itertools
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from application.commands import stream_kinds
from domain.booking import events as bookings
from domain.booking.charge_back_events import BookingChargedBack, CouponsVoided
from domain.booking.check_in_events import DepartureWithdrawn, ReopenedCoupon
from domain.booking.division_events import BookingDivided, BookingDividedOff
from domain.booking.hold_extension_events import HoldExtended
from domain.booking.refund_approval_events import RefundProposed
from domain.booking.reseating_events import BookingReseated
from domain.booking.seat_events import SeatExtrasRefunded
from domain.booking.suspension_events import CouponsReinstated, CouponsSuspended
from domain.booking.values import CheckedInPassenger
from domain.compensation import events as claims
from domain.credit import events as credits
from domain.inventory import events as flights
from domain.inventory.events import CabinLayout, CapacityMove, FareClass, RestoredMove
from domain.invoicing import events as invoicing
from domain.invoicing.lines import LineKind, TaxLine
from domain.kernel import entries, money, sealed
from domain.kernel.events import DomainEvent
from domain.ledger import accounts
from domain.payment import dispute_events as disputes
from domain.payment import events as payments
from domain.payment import external_refund_events as external
from domain.payment.captures import Contradiction, ParkReason
from domain.period import events as periods
from domain.pricing.price import CouponPrice, ExtraPrice, Price
from domain.reconciliation import events as reconciliation
from domain.settlement import events as settlement
from tests.support import (
    examples,
    external_refund_samples,
    extras_samples,
    gift_card_samples,
    policy_samples,
    reconciliation_samples,
)
from tests.support.event_texts import TEXTS

AMOUNT = 115_00
RETURN_FLIGHT = "flight-SV1024-2026-11-28"
PARTY = 6
SEGMENTS = 2

INTEGERS: dict[str, int] = {
    "awaited": 115_00,
    "booked": 215_00,
    "reported": 100_00,
    "residue": 3,
    "charge": 10_00,
    "fare": 90_00,
    "fee": 20_00,
    "passenger": 0,
    "seat_count": 2,
    "segment": 0,
    "vat": 15_00,
}
INSTANTS: dict[str, dt.datetime] = {
    "arrives_at": examples.DEPARTS_AT + dt.timedelta(minutes=105),
    "departed_at": examples.DEPARTS_AT + dt.timedelta(minutes=4, microseconds=250_000),
    "departs_at": examples.DEPARTS_AT,
    "evidence_due_at": examples.NOW + dt.timedelta(days=9),
    "expires_at": examples.NOW + dt.timedelta(minutes=60),
    "hold_until": examples.HOLD_UNTIL,
    "lapses_at": examples.NOW + dt.timedelta(hours=2),
    "until": examples.HOLD_UNTIL,
    "waits_until": examples.DEPARTS_AT - dt.timedelta(hours=2),
}
# Which rule moves how much from the second account to the first; other events get EXCHANGE.
Rule = tuple[str, str, str]
EXCHANGE: Rule = ("exchange", accounts.UNAPPLIED_FUNDS, accounts.AIR_TRAFFIC_LIABILITY)
CANCELLATION: Rule = ("cancellation", accounts.AIR_TRAFFIC_LIABILITY, accounts.REFUNDS_PAYABLE)
RULES: dict[str, Rule] = {
    "booking.confirmed": ("ticketing", accounts.UNAPPLIED_FUNDS, accounts.AIR_TRAFFIC_LIABILITY),
    "booking.cancelled": CANCELLATION,
    "booking.coupons_cancelled": CANCELLATION,
    "booking.seat_extras_refunded": CANCELLATION,
    **extras_samples.RULES,
    "booking.divided": ("division", accounts.AIR_TRAFFIC_LIABILITY, accounts.STRIPE_CLEARING),
    "booking.divided_off": ("division", accounts.STRIPE_CLEARING, accounts.AIR_TRAFFIC_LIABILITY),
    "booking.refund_granted": ("goodwill", accounts.COMPENSATION, accounts.REFUNDS_PAYABLE),
    "booking.coupons_flown": ("flown", accounts.AIR_TRAFFIC_LIABILITY, accounts.PASSENGER_REVENUE),
    "booking.passengers_missed": ("no_show", accounts.AIR_TRAFFIC_LIABILITY, accounts.BREAKAGE),
    "booking.departure_withdrawn": (
        "departure_withdrawn",
        accounts.PASSENGER_REVENUE,
        accounts.AIR_TRAFFIC_LIABILITY,
    ),
    "payment.captured": ("capture", accounts.STRIPE_CLEARING, accounts.UNAPPLIED_FUNDS),
    "payment.parked_funds_allocated": (
        "funds_allocated",
        accounts.UNAPPLIED_FUNDS,
        accounts.UNAPPLIED_FUNDS,
    ),
    "payment.parked_funds_owed": (
        "parked_funds_owed",
        accounts.UNAPPLIED_FUNDS,
        accounts.REFUNDS_PAYABLE,
    ),
    "payment.refund_accepted": (
        "refund_accepted",
        accounts.REFUNDS_PAYABLE,
        accounts.STRIPE_CLEARING,
    ),
    "payment.refund_transferred": ("refund_transferred", accounts.REFUNDS_PAYABLE, accounts.BANK),
    "booking.coupons_voided": (
        "coupons_charged_back",
        accounts.AIR_TRAFFIC_LIABILITY,
        accounts.DISPUTES_RECEIVABLE,
    ),
    "payment.dispute_funds_withdrawn": (
        "dispute_withdrawn",
        accounts.DISPUTES_RECEIVABLE,
        accounts.STRIPE_CLEARING,
    ),
    "payment.dispute_funds_reinstated": (
        "dispute_reinstated",
        accounts.STRIPE_CLEARING,
        accounts.DISPUTES_RECEIVABLE,
    ),
    "payment.dispute_lost": (
        "dispute_lost",
        accounts.DISPUTE_LOSSES,
        accounts.DISPUTES_RECEIVABLE,
    ),
    "payment.refund_charged_back": (
        "refund_charged_back",
        accounts.REFUNDS_PAYABLE,
        accounts.DISPUTES_RECEIVABLE,
    ),
    **external_refund_samples.RULES,
    "payment.refund_failed": (
        "refund_failed",
        accounts.STRIPE_CLEARING,
        accounts.REFUNDS_PAYABLE,
    ),
    "settlement.transaction_recorded": (
        "balance_transaction",
        accounts.PROCESSING_FEES,
        accounts.STRIPE_CLEARING,
    ),
    "reconciliation.remedy_approved": (
        "reconciliation_write_off",
        accounts.PROCESSING_FEES,
        accounts.STRIPE_CLEARING,
    ),
    "payout.created": ("payout_created", accounts.PAYOUTS_IN_TRANSIT, accounts.STRIPE_CLEARING),
    "payout.paid": ("payout_paid", accounts.BANK, accounts.PAYOUTS_IN_TRANSIT),
    "payout.failed": ("payout_failed", accounts.STRIPE_CLEARING, accounts.PAYOUTS_IN_TRANSIT),
}


def _move(held: int = 0, sold: int = 0, authorised: int = 0, cabin: str = "Y") -> CapacityMove:
    fare_class = cabin if held or sold else ""
    return CapacityMove(cabin, authorised, held, sold, fare_class)


def _price(extras: tuple[ExtraPrice, ...]) -> Price:
    coupons = tuple(
        CouponPrice(passenger, segment, 90_00, 15_00, 10_00, policy_samples.LINES)
        for passenger in range(PARTY)
        for segment in range(SEGMENTS)
    )
    return Price("SAR", coupons, extras)


# Whole values where the fields of a struct have to fit each other.
FORMS: dict[str, tuple[Any, ...]] = {
    "sources": (("charge", "ch_1"),),
    "booking.initiated.price": (_price((ExtraPrice("BAG", 0, 0, 50_00, 7_50),)), _price(())),
    "flight.scheduled.fares": (
        (
            FareClass("Y", "Y", money.Money(500_00, "SAR")),
            FareClass("K", "Y", money.Money(350_00, "SAR"), seat_limit=40, residue="credit"),
            FareClass("J", "J", money.Money(1_500_00, "SAR")),
        ),
    ),
    "flight.scheduled.layouts": (
        (CabinLayout("J", 12, 1, "ACDF"), CabinLayout("Y", 120, 4, "ABCDEF", (12,))),
    ),
    "flight.scheduled.moves": ((_move(authorised=120), _move(authorised=12, cabin="J")),),
    "flight.seats_held.moves": ((_move(held=2),),),
    "flight.seats_offered.moves": ((_move(held=2),),),
    "flight.seats_sold.moves": ((_move(held=-2, sold=2),),),
    "flight.seats_released.moves": ((_move(held=-2),), (_move(sold=-2),)),
    "flight.seats_released.vacated": (("12A",),),
    "flight.seats_restored.moves": ((RestoredMove("Y", 0, 0, 2, "Y", 2),),),
    "flight.equipment_changed.layouts": (
        (CabinLayout("J", 0, 1, "A"), CabinLayout("Y", 48, 4, "ABCDEF", (7,))),
    ),
    "flight.equipment_changed.moves": ((_move(authorised=-72),),),
    "flight.equipment_changed.vacated": (("12A",), ()),
    "flight.equipment_changed.oversold": ({"Y": 3}, {}),
    "booking.passengers_checked_in.places": (
        (
            CheckedInPassenger(0, "12A", 1, "web"),
            CheckedInPassenger(1, None, 2, "airport_agent", standby=True),
            CheckedInPassenger(2, "12B", 3),
            CheckedInPassenger(3, "12C", 4, "town_agent"),
            CheckedInPassenger(4, "12D", 5, "third_party"),
        ),
    ),
    "booking.departure_withdrawn.coupons": (
        (
            ReopenedCoupon(0, 0, "L"),
            ReopenedCoupon(1, 0, "C"),
            ReopenedCoupon(1, 1, "O"),
        ),
    ),
    "booking.departure_withdrawn.withdrawn_obligations": ((f"{examples.BOOKING}-1",),),
    "booking.divided.passengers": ((0,),),
    "payment.funds_parked.reason": get_args(ParkReason),
    "payment.capture_contradicted.reason": get_args(Contradiction),
    "booking.coupons_suspended.reason": get_args(Contradiction),
    "taxdocuments.issued.lines": (
        (
            *(
                TaxLine(kind, "S", 90_00, 13_50, examples.FLIGHT)
                for kind in get_args(LineKind)
                if kind not in ("difference", "goodwill")
            ),
            TaxLine("charge", "Z", 87_00, 0, examples.FLIGHT, "IO"),
            TaxLine("difference", "Z", 20_00, 0),
            TaxLine("goodwill", "O", 10_00, 0),
        ),
    ),
    **policy_samples.FORMS,
    "needed_until": (examples.NOW.date(), None),
    "references": (("pi_1", "ch_1"),),
}

# Events that a stream must hold, after its first one, before an event of this type.
_CAPTURED = (payments.AttemptStarted, payments.PaymentCaptured)
_TICKETED = (bookings.BookingReserved, bookings.BookingPaid, bookings.BookingConfirmed)
BEFORE: dict[type[DomainEvent], tuple[type[DomainEvent], ...]] = {
    **dict.fromkeys((bookings.BookingPaid, HoldExtended), _TICKETED[:1]),
    bookings.BookingConfirmed: _TICKETED[:2],
    BookingReseated: (bookings.BookingReserved, bookings.BookingExpired),
    bookings.CouponsCancelled: _TICKETED,
    bookings.RefundGranted: _TICKETED,
    **dict.fromkeys((SeatExtrasRefunded, CouponsSuspended, RefundProposed), _TICKETED),
    CouponsReinstated: (*_TICKETED, CouponsSuspended),
    BookingChargedBack: _TICKETED,
    CouponsVoided: _TICKETED,
    BookingDivided: _TICKETED,
    bookings.PassengersCheckedIn: _TICKETED,
    bookings.CheckInWithdrawn: (*_TICKETED, bookings.PassengersCheckedIn),
    bookings.PassengersBoarded: (*_TICKETED, bookings.PassengersCheckedIn),
    bookings.CouponsFlown: (*_TICKETED, bookings.PassengersBoarded),
    bookings.PassengersMissed: _TICKETED,
    DepartureWithdrawn: (*_TICKETED, bookings.PassengersBoarded, bookings.CouponsFlown),
    bookings.BookingCompleted: (*_TICKETED, bookings.CouponsFlown),
    bookings.ModificationAccepted: _TICKETED,
    bookings.ModificationPaid: (*_TICKETED, bookings.ModificationAccepted),
    bookings.ModificationExpired: (*_TICKETED, bookings.ModificationAccepted),
    bookings.ModificationCompleted: _TICKETED,
    flights.EquipmentChanged: (flights.SeatsAssigned,),
    flights.CheckInWithdrawn: (flights.CheckInAccepted,),
    **dict.fromkeys((flights.SeatsSold, flights.SeatHoldExtended), (flights.SeatsHeld,)),
    flights.SeatsReleased: (
        flights.SeatsHeld,
        flights.SeatsSold,
        flights.SeatsHeld,
        flights.SeatsAssigned,
    ),
    flights.SeatsRestored: (flights.SeatsHeld, flights.SeatsSold),
    flights.DepartureWithdrawn: (flights.FlightDeparted,),
    flights.SeatsDivided: (flights.SeatsHeld, flights.SeatsSold, flights.CheckInAccepted),
    flights.SeatsOffered: (flights.WaitlistJoined,),
    flights.WaitlistLeft: (flights.WaitlistJoined,),
    periods.PeriodReopened: (periods.ReopeningAsked,),
    invoicing.DocumentReported: (invoicing.DocumentNumbered,),
    payments.SessionOpened: (payments.AttemptStarted,),
    payments.AttemptUnresolved: (payments.AttemptStarted,),
    payments.AttemptRefused: (payments.AttemptStarted,),
    payments.AttemptExpired: (payments.AttemptStarted,),
    payments.PaymentDeclined: (payments.AttemptStarted,),
    payments.PaymentDelayed: (payments.AttemptStarted,),
    payments.PaymentCaptured: (payments.AttemptStarted,),
    payments.FundsParked: (payments.AttemptStarted, payments.PaymentCaptured),
    payments.CaptureChecked: _CAPTURED,
    payments.CaptureContradicted: _CAPTURED,
    payments.ParkedFundsApplied: (*_CAPTURED, payments.FundsParked),
    payments.ParkedFundsAllocated: (*_CAPTURED, payments.FundsParked),
    payments.ParkedFundsOwed: (*_CAPTURED, payments.FundsParked),
    payments.RefundRequested: _CAPTURED,
    payments.RefundUnresolved: (*_CAPTURED, payments.RefundRequested),
    payments.RefundAccepted: (*_CAPTURED, payments.RefundRequested),
    payments.RefundSettled: (*_CAPTURED, payments.RefundRequested, payments.RefundAccepted),
    payments.RefundRefused: (*_CAPTURED, payments.RefundRequested),
    payments.RefundFailed: (*_CAPTURED, payments.RefundRequested, payments.RefundAccepted),
    payments.RefundTransferred: (*_CAPTURED, payments.RefundRequested, payments.RefundRefused),
    **reconciliation_samples.BEFORE,
    **policy_samples.BEFORE,
    settlement.PayoutFailed: (settlement.PayoutPaid,),
    settlement.PayoutReconciled: (settlement.PayoutPaid,),
}
_DISPUTED = (*_CAPTURED, disputes.DisputeOpened)
_REFUNDING = (*_CAPTURED, payments.RefundRequested)
_BY_HAND = (*_REFUNDING, external.ExternalRefundRecorded)
BEFORE |= extras_samples.BEFORE | {
    disputes.FraudWarned: _CAPTURED,
    disputes.InquiryOpened: _CAPTURED,
    disputes.DisputeOpened: _CAPTURED,
    disputes.DisputeChanged: _DISPUTED,
    disputes.DisputeEvidenceSubmitted: _DISPUTED,
    disputes.DisputeFundsWithdrawn: _DISPUTED,
    disputes.DisputeFundsReinstated: (*_DISPUTED, disputes.DisputeFundsWithdrawn),
    disputes.DisputeWon: _DISPUTED,
    disputes.DisputeLost: (*_DISPUTED, disputes.DisputeFundsWithdrawn),
    disputes.DisputeClosed: _DISPUTED,
    disputes.RefundPostponed: _REFUNDING,
    disputes.RefundResumed: (*_REFUNDING, disputes.RefundPostponed),
    disputes.RefundChargedBack: _REFUNDING,
    payments.RefundActionRequired: (*_REFUNDING, payments.RefundAccepted),
    external.ExternalRefundRecorded: _CAPTURED,
    external.ExternalRefundAllocated: (*_CAPTURED, external.ExternalRefundRecorded),
    external.ExternalRefundSettled: (*_CAPTURED, external.ExternalRefundRecorded),
    external.ExternalRefundFailed: (*_CAPTURED, external.ExternalRefundRecorded),
    external.RefundCovered: _BY_HAND,
    external.RefundUncovered: (*_BY_HAND, external.RefundCovered),
}
FIRST: dict[str, type[DomainEvent]] = {
    **{kind.prefix: kind.event_types[0] for kind in stream_kinds.KINDS.values()},
    "booking": bookings.BookingInitiated,
    "flight": flights.FlightScheduled,
    "payment": payments.PaymentRequested,
    "claim": claims.ClaimAssessed,
    "credit": credits.CreditIssued,
    "payout": settlement.PayoutCreated,
    "reconciliation": reconciliation.DayCompared,
    "taxdocuments": invoicing.BuyerRecorded,
    "taxseries": invoicing.SeriesOpened,
}


def all_samples() -> list[DomainEvent]:
    """Every sample of every event type, in the order of the tags."""
    types_by_tag = sorted(stream_kinds.EVENT_TYPES.items())
    return [sample for _, event_type in types_by_tag for sample in samples(event_type)]


def samples(event_type: type[DomainEvent]) -> list[DomainEvent]:
    """The fullest sample first, then every other form, the one without optional fields last."""
    path = event_type.tag.rpartition(".")[0]
    full = {name: forms[0] for name, forms in _forms_by_field(event_type, path).items()}
    optional = {name: (full[name], default) for name, default in _defaults(event_type).items()}
    fullest, *fewer = (
        event_type(**{**full, **dict(zip(optional, chosen, strict=True))})
        for chosen in itertools.product(*optional.values())
    )
    others = [each for each in _struct_forms(event_type, path) if each not in fewer]
    return _distinct([fullest, *others, *fewer])


def preceding(event: DomainEvent) -> list[DomainEvent]:
    """The events that a stream may hold before a sample, so that the sample can be folded."""
    first = FIRST[event.tag.partition(".")[0]]
    if type(event) in {first, BookingDividedOff, credits.GiftCardOrdered}:
        return []
    before = gift_card_samples.BEFORE.get(type(event)) or (first, *BEFORE.get(type(event), ()))
    return [samples(each)[0] for each in before]


def _struct_forms(struct: Callable[..., Any], path: str) -> list[Any]:
    """The fullest form, one for each other form of each field, and the one of the defaults."""
    fields = _forms_by_field(struct, path)
    full = {name: forms[0] for name, forms in fields.items()}
    others = [
        struct(**{**full, name: form}) for name, forms in fields.items() for form in forms[1:]
    ]
    found = [struct(**full), *others, struct(**{**full, **_defaults(struct)})]
    return _distinct([_consistent(each) for each in found])


def _forms_by_field(struct: Any, path: str) -> dict[str, Sequence[Any]]:
    return {name: _forms(kind, path, name) for name, kind in _hints(struct).items()}


def _forms(kind: Any, path: str, name: str) -> Sequence[Any]:
    """Every form of a field's type; `path` is the tag, or the field, that the field is part of."""
    known = FORMS.get(f"{path}.{name}", FORMS.get(name))
    if known is not None:
        return known
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        forms = [_forms(each, path, name) for each in arguments if each is not type(None)]
        return [*itertools.chain(*forms), None]
    if origin is Literal:
        return sorted(arguments, key=lambda value: value == "none")
    if origin is tuple:
        assert arguments[1:] == (...,)
        return (_numbered(_forms(arguments[0], path, name)),)
    if origin is dict:
        raise AssertionError(f"{path}.{name} needs a line in FORMS")
    if kind is entries.Entry:
        return (_entry(path),)
    if kind is sealed.Sealed:
        return (sealed.Sealed(TEXTS["subject"], b"\x00\x01sealed"),)
    if kind is money.Money:
        return (money.Money(AMOUNT, "SAR"),)
    if kind is dt.date:
        return (examples.NOW.date(),)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return tuple(kind)
    if kind in {str, int, bool, dt.datetime}:
        return _scalars(kind, path, name)
    return _struct_forms(kind, name)


def _scalars(kind: Any, path: str, name: str) -> Sequence[Any]:
    if kind is str:
        return (TEXTS.get(f"{path}.{name}", TEXTS.get(name, name)),)
    if kind is int:
        return (INTEGERS.get(name, 1),)
    if kind is bool:
        return (True, False)
    return (INSTANTS.get(name, examples.NOW),)


def _entry(path: str) -> entries.Entry:
    rule, debit, credit = RULES.get(path, EXCHANGE)
    return entries.Entry(
        effective_on=examples.NOW.date(),
        rule=rule,
        version=1,
        references=("pi_1", "ch_1"),
        postings=(
            entries.Posting(debit, examples.BOOKING, AMOUNT, "SAR"),
            entries.Posting(credit, examples.BOOKING, -AMOUNT, "SAR"),
        ),
    )


def _numbered(elements: Iterable[Any]) -> tuple[Any, ...]:
    """Elements in one tuple: each is about the next passenger, has the next sequence number."""
    numbered = []
    for index, element in enumerate(elements):
        fields = getattr(element, "__struct_fields__", ())
        changes: dict[str, Any] = {"passenger": index, "sequence": index + 1}
        known = {
            name: value
            for name, value in changes.items()
            if name in fields and getattr(element, name) is not None
        }
        if index and "flight" in fields:
            known["flight"] = RETURN_FLIGHT
        numbered.append(msgspec.structs.replace(element, **known) if known else element)
    return tuple(numbered)


def _consistent(struct: Any) -> Any:
    """Money goes back by a destination or is due, never both."""
    if {"due", "back", "destination"} <= set(struct.__struct_fields__):
        is_due = struct.destination == "none"
        amounts = {"due": AMOUNT, "back": 0} if is_due else {"due": 0, "back": AMOUNT}
        return msgspec.structs.replace(struct, **amounts)
    return struct


def _defaults(struct: Any) -> dict[str, Any]:
    """The optional fields with their defaults."""
    found = {}
    for field in msgspec.structs.fields(struct):
        if not field.required:
            assert field.default is not msgspec.NODEFAULT, f"{field.name} has a default factory"
            found[field.name] = field.default
    return found


def _distinct(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


@functools.cache
def _hints(struct: Any) -> dict[str, Any]:
    hints = get_type_hints(struct)
    return {name: hints[name] for name in struct.__struct_fields__}
