"""A booking as its events tell it."""

import datetime as dt
from collections.abc import Callable, Container, Iterable
from typing import Any

import msgspec

from domain.booking import coupons as coupon_rules
from domain.booking import events
from domain.booking.coupons import Coupon, CouponStatus, Extra
from domain.booking.events import (
    BookingEvent,
    BookingInitiated,
    Change,
    CouponId,
    DisruptionKind,
    NewTimes,
    Obligation,
    Passenger,
    Segment,
    Ticket,
)
from domain.booking.states import Status
from domain.kernel import money, sealed
from domain.pricing.price import TAKES_SEAT, Price


class Disruption(msgspec.Struct, frozen=True):
    """What the airline did to a segment and has not been answered."""

    segment: int
    kind: DisruptionKind
    material: bool
    times: NewTimes | None = None


class Booking(msgspec.Struct, frozen=True):
    """One booking: the journey, its coupons, what is due and what is owed.

    `hold_until` is the deadline of whatever it waits for: draft, waitlist, hold. `captured` is
    all money that was applied to it, `credited` what of it became travel credit. `change` is a
    modification under way, `change_paid` whether its money has come. `was_cancelled` stays true
    once the refund has arrived and the status is `refunded`.
    """

    status: Status
    owner: str
    segments: tuple[Segment, ...]
    passengers: tuple[Passenger, ...]
    contact: sealed.Sealed
    price: Price
    coupons: tuple[Coupon, ...]
    extras: tuple[Extra, ...] = ()
    hold_until: dt.datetime | None = None
    payments: tuple[str, ...] = ()
    captured: money.Money | None = None
    tickets: tuple[Ticket, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    credited: int = 0
    change: Change | None = None
    change_until: dt.datetime | None = None
    change_paid: bool = False
    change_count: int = 0
    documents: tuple[sealed.Sealed | None, ...] = ()
    disruptions: tuple[Disruption, ...] = ()
    was_cancelled: bool = False
    refund_granted_in_full: bool = False
    sold_names: tuple[sealed.Sealed, ...] = ()

    @property
    def currency(self) -> str:
        """The one currency of the booking."""
        return self.price.currency

    @property
    def seat_count(self) -> int:
        """Seats that the whole party takes on a flight."""
        return sum(TAKES_SEAT[passenger.type] for passenger in self.passengers)

    def flights(self) -> tuple[str, ...]:
        """Each flight once, in the order of the journey, a pending change's new one last."""
        names = [segment.flight for segment in self.segments]
        if self.change is not None:
            names.append(self.change.to.flight)
        return tuple(dict.fromkeys(names))

    def amount_due(self) -> money.Money:
        """What a payment must capture now, to the minor unit; zero when nothing is due."""
        if self.change is not None:
            return money.Money(0 if self.change_paid else self.change.due, self.currency)
        if self.captured is not None:
            return money.Money(0, self.currency)
        return self.price.total()

    def payment_number(self) -> int:
        """Which amount due is being collected: the price is 1, each change the next."""
        return 1 if self.change is None else self.change.number + 1

    def coupon(self, passenger: int, segment: int) -> Coupon | None:
        """The coupon of a passenger on a segment."""
        return next(
            (c for c in self.coupons if c.passenger == passenger and c.segment == segment), None
        )

    def open_coupons(self, segment: int | None = None) -> tuple[Coupon, ...]:
        """Coupons that are not final, of one segment or of all."""
        return tuple(
            coupon
            for coupon in self.coupons
            if not coupon.is_final and segment in {None, coupon.segment}
        )

    def owed(self) -> money.Money:
        """All that the airline has undertaken to give back."""
        return money.total([each.amount for each in self.obligations], self.currency)


def evolve(booking: Booking | None, event: BookingEvent) -> Booking:
    """The booking after the event; never rejects a stored fact."""
    if isinstance(event, BookingInitiated):
        return _initiated(event)
    assert booking is not None
    return _STEPS[type(event)](booking, event)


_replace = msgspec.structs.replace


def _initiated(event: BookingInitiated) -> Booking:
    seats = {(choice.passenger, choice.segment): choice.seat for choice in event.seats}
    return Booking(
        status=Status.INITIATED,
        owner=event.owner,
        segments=event.segments,
        passengers=event.passengers,
        contact=event.contact,
        price=event.price,
        coupons=tuple(
            Coupon(
                passenger=each.passenger,
                segment=each.segment,
                fare=each.fare,
                vat=each.vat,
                charge=each.charge,
                seat=seats.get((each.passenger, each.segment)),
            )
            for each in event.price.coupons
        ),
        extras=tuple(
            Extra(each.code, each.passenger, each.segment, each.net, each.vat)
            for each in event.price.extras
        ),
        hold_until=event.lapses_at,
        documents=(None,) * len(event.passengers),
        sold_names=tuple(passenger.name for passenger in event.passengers),
    )


def _waitlisted(booking: Booking, event: events.BookingWaitlisted) -> Booking:
    return _replace(booking, status=Status.PENDING, hold_until=event.waits_until)


def _reserved(booking: Booking, event: events.BookingReserved) -> Booking:
    return _replace(booking, status=Status.RESERVED, hold_until=event.hold_until)


def _payment_failed(booking: Booking, _event: events.BookingPaymentFailed) -> Booking:
    return _replace(booking, status=Status.PAYMENT_FAILED)


def _payment_retried(booking: Booking, event: events.BookingPaymentRetried) -> Booking:
    return _replace(booking, status=Status.PENDING, hold_until=event.waits_until)


def _paid(booking: Booking, event: events.BookingPaid) -> Booking:
    return _replace(
        booking,
        status=Status.PAID,
        payments=(*booking.payments, event.payment),
        captured=event.amount,
    )


def _confirmed(booking: Booking, event: events.BookingConfirmed) -> Booking:
    numbers = {document.extra: document.number for document in event.documents}
    extras = tuple(
        _replace(extra, document=numbers.get(index)) for index, extra in enumerate(booking.extras)
    )
    return _replace(booking, status=Status.CONFIRMED, tickets=event.tickets, extras=extras)


def _expired(booking: Booking, _event: events.BookingExpired) -> Booking:
    return _replace(booking, status=Status.EXPIRED)


def _cancelled(booking: Booking, event: events.BookingCancelled) -> Booking:
    closed = _with_statuses(booking, event.coupons, CouponStatus.REFUNDED)
    return _replace(
        closed,
        status=Status.CANCELLED,
        was_cancelled=True,
        obligations=_owing(booking, event.obligation),
        disruptions=(),
    )


def _coupons_cancelled(booking: Booking, event: events.CouponsCancelled) -> Booking:
    closed = _with_statuses(booking, event.coupons, CouponStatus.REFUNDED)
    return _rolled_up(_replace(closed, obligations=_owing(booking, event.obligation)))


def _refund_granted(booking: Booking, event: events.RefundGranted) -> Booking:
    closed = _with_statuses(booking, event.coupons, CouponStatus.REFUNDED)
    return _replace(
        closed,
        obligations=_owing(booking, event.obligation),
        refund_granted_in_full=event.in_full,
        disruptions=(),
    )


def _refunded(booking: Booking, _event: events.BookingRefunded) -> Booking:
    return _replace(booking, status=Status.REFUNDED)


def _change_accepted(booking: Booking, event: events.ChangeAccepted) -> Booking:
    return _replace(
        booking,
        change=event.change,
        change_until=event.hold_until,
        change_paid=False,
        change_count=event.change.number,
    )


def _change_paid(booking: Booking, event: events.ChangePaid) -> Booking:
    assert booking.captured is not None
    return _replace(
        booking,
        change_paid=True,
        payments=(*booking.payments, event.payment),
        captured=booking.captured + event.amount,
    )


def _change_expired(booking: Booking, _event: events.ChangeExpired) -> Booking:
    return _replace(booking, change=None, change_until=None, change_paid=False)


def _change_completed(booking: Booking, event: events.ChangeCompleted) -> Booking:
    change = event.change
    values = {(each.passenger, each.segment): each for each in change.coupons}
    segments = list(booking.segments)
    segments[change.segment] = change.to
    renewed = {ticket.passenger: ticket for ticket in event.tickets}
    return _replace(
        booking,
        segments=tuple(segments),
        coupons=tuple(
            Coupon(each.passenger, each.segment, new.fare, new.vat, new.charge)
            if (new := values.get((each.passenger, each.segment))) is not None
            else each
            for each in booking.coupons
        ),
        tickets=tuple(renewed.get(ticket.passenger, ticket) for ticket in booking.tickets),
        obligations=_owing(booking, event.obligation),
        credited=booking.credited + (change.back if change.destination == "credit" else 0),
        change=None,
        change_until=None,
        change_paid=False,
        change_count=change.number,
        disruptions=tuple(d for d in booking.disruptions if d.segment != change.segment),
    )


def _name_corrected(booking: Booking, event: events.NameCorrected) -> Booking:
    passengers = tuple(
        _replace(passenger, name=event.name) if index == event.passenger else passenger
        for index, passenger in enumerate(booking.passengers)
    )
    return _replace(booking, passengers=passengers)


def _document_recorded(booking: Booking, event: events.DocumentRecorded) -> Booking:
    documents = list(booking.documents)
    documents[event.passenger] = event.document
    return _replace(booking, documents=tuple(documents))


def _seats_chosen(booking: Booking, event: events.SeatsChosen) -> Booking:
    seats = {(choice.passenger, choice.segment): choice.seat for choice in event.seats}
    return _with_coupons(booking, seats, lambda coupon: _replace(coupon, seat=seats[_key(coupon)]))


def _seats_lost(booking: Booking, event: events.SeatsLost) -> Booking:
    lost = {(choice.passenger, choice.segment) for choice in event.seats}
    return _with_coupons(booking, lost, lambda coupon: _replace(coupon, seat=None))


def _checked_in(booking: Booking, event: events.PassengersCheckedIn) -> Booking:
    places = {(place.passenger, event.segment): place for place in event.places}

    def check_in(coupon: Coupon) -> Coupon:
        place = places[_key(coupon)]
        return _replace(
            coupon, status=CouponStatus.CHECKED_IN, seat=place.seat, sequence=place.sequence
        )

    return _rolled_up(_with_coupons(booking, places, check_in))


def _boarded(booking: Booking, event: events.PassengersBoarded) -> Booking:
    wanted = _ids(event.passengers, event.segment)
    return _rolled_up(_with_statuses(booking, wanted, CouponStatus.LIFTED))


def _flown(booking: Booking, event: events.CouponsFlown) -> Booking:
    wanted = _ids(event.passengers, event.segment)
    return _rolled_up(_with_statuses(booking, wanted, CouponStatus.FLOWN))


def _missed(booking: Booking, event: events.PassengersMissed) -> Booking:
    missed = _with_statuses(booking, event.coupons, CouponStatus.MISSED)
    return _rolled_up(_replace(missed, obligations=_owing(booking, event.obligation)))


def _completed(booking: Booking, _event: events.BookingCompleted) -> Booking:
    return _replace(booking, status=Status.COMPLETED, disruptions=())


def _disruption_offered(booking: Booking, event: events.DisruptionOffered) -> Booking:
    others = tuple(d for d in booking.disruptions if d.segment != event.segment)
    told = Disruption(event.segment, event.kind, event.material, event.times)
    return _replace(booking, disruptions=(*others, told))


def _disruption_answered(booking: Booking, event: events.DisruptionAnswered) -> Booking:
    return _replace(
        booking, disruptions=tuple(d for d in booking.disruptions if d.segment != event.segment)
    )


def _key(coupon: Coupon) -> tuple[int, int]:
    return (coupon.passenger, coupon.segment)


def _ids(passengers: Iterable[int], segment: int) -> tuple[CouponId, ...]:
    return tuple(CouponId(passenger, segment) for passenger in passengers)


def _with_coupons(
    booking: Booking, wanted: Container[tuple[int, int]], change: Callable[[Coupon], Coupon]
) -> Booking:
    coupons = tuple(change(each) if _key(each) in wanted else each for each in booking.coupons)
    return _replace(booking, coupons=coupons)


def _with_statuses(booking: Booking, wanted: Iterable[CouponId], status: CouponStatus) -> Booking:
    keys = {(each.passenger, each.segment) for each in wanted}
    return _with_coupons(booking, keys, lambda coupon: _replace(coupon, status=status))


def _owing(booking: Booking, obligation: Obligation | None) -> tuple[Obligation, ...]:
    return (*booking.obligations, obligation) if obligation is not None else booking.obligations


def _rolled_up(booking: Booking) -> Booking:
    return _replace(booking, status=coupon_rules.roll_up(booking.status, booking.coupons))


_STEPS: dict[type, Callable[[Booking, Any], Booking]] = {
    events.BookingWaitlisted: _waitlisted,
    events.BookingReserved: _reserved,
    events.BookingPaymentFailed: _payment_failed,
    events.BookingPaymentRetried: _payment_retried,
    events.BookingPaid: _paid,
    events.BookingConfirmed: _confirmed,
    events.BookingExpired: _expired,
    events.BookingCancelled: _cancelled,
    events.CouponsCancelled: _coupons_cancelled,
    events.RefundGranted: _refund_granted,
    events.BookingRefunded: _refunded,
    events.ChangeAccepted: _change_accepted,
    events.ChangePaid: _change_paid,
    events.ChangeExpired: _change_expired,
    events.ChangeCompleted: _change_completed,
    events.NameCorrected: _name_corrected,
    events.DocumentRecorded: _document_recorded,
    events.SeatsChosen: _seats_chosen,
    events.SeatsLost: _seats_lost,
    events.PassengersCheckedIn: _checked_in,
    events.PassengersBoarded: _boarded,
    events.CouponsFlown: _flown,
    events.PassengersMissed: _missed,
    events.BookingCompleted: _completed,
    events.DisruptionOffered: _disruption_offered,
    events.DisruptionAnswered: _disruption_answered,
}
