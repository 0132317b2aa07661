"""Seats of the seat map: passengers choose them, or lose them when the aircraft changes."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Literal, assert_never

from msgspec.structs import replace

from domain.booking import rejections, states
from domain.booking.coupons import Coupon, CouponStatus, Extra
from domain.booking.events import BookingEvent, SeatEvent, SeatsChosen, SeatsLost
from domain.booking.passenger_details import (
    NOT_AT_EXITS,
    NOTHING_OPENED,
    OpenedCodes,
    code_of,
)
from domain.booking.preconditions import (
    CheckInWindow,
    SegmentFacts,
    Situation,
    passes,
    require_no_modification,
)
from domain.booking.seat_events import SeatExtrasRefunded
from domain.booking.state import Booking, SpecialService, coupon_key, obligations_with, with_coupons
from domain.booking.states import Status
from domain.booking.values import Obligation, SeatChoice
from domain.kernel import entries
from domain.pricing.price import ExtraPrice, PassengerType

TRAVELLING = frozenset({CouponStatus.OPEN, CouponStatus.CHECKED_IN, CouponStatus.LIFTED})


def laps(party: Sequence[PassengerType | None]) -> frozenset[int]:
    """The adults with an infant on the lap: the first infant is the first adult's, and so on.

    None for a passenger who does not travel.
    """
    adults = [index for index, each in enumerate(party) if each == "ADT"]
    return frozenset(adults[: party.count("INF")])


def adults_with_infants(booking: Booking, segment: int) -> frozenset[int]:
    """The adults who have an infant of the booking on the lap on this flight."""
    return laps(
        [
            each.type
            if (coupon := booking.coupon(index, segment)) and coupon.status in TRAVELLING
            else None
            for index, each in enumerate(booking.passengers)
        ]
    )


def not_at_exit(
    booking: Booking, segment: int, codes: OpenedCodes = NOTHING_OPENED
) -> frozenset[int]:
    """The passengers who may not sit in an exit row of this flight: children, adults who are known
    to be too young to accompany one, adults with an infant, and those with a service in
    `NOT_AT_EXITS`, or with one that was not opened.
    """
    impaired = {
        each.passenger
        for each in booking.special_services()
        if each.segment == segment and _bars_exits(each, codes)
    }
    minors = {
        index
        for index, each in enumerate(booking.passengers)
        if each.type != "ADT" or each.under_guardian_age
    }
    return adults_with_infants(booking, segment) | impaired | minors


def _bars_exits(service: SpecialService, codes: OpenedCodes) -> bool:
    """Whether the passenger may be unable to open an exit: a code that is not known counts as one
    that bars, for nobody sits at an exit by mistake. That of an erased person does not count.
    """
    if service.box is not None and service.box not in codes:
        return True
    return code_of(service, codes) in NOT_AT_EXITS


def require_seat_choice(
    booking: Booking,
    segment: int,
    passengers: Collection[int],
    facts: SegmentFacts | None,
    *,
    window: CheckInWindow | None,
    now: dt.datetime,
) -> None:
    """The passengers take a seat of their own; those who have checked in until boarding ends.

    `facts` and `window` are None for a booking without tickets, where nobody has checked in.
    """
    if booking.status not in {Status.RESERVED, Status.PAID, Status.CONFIRMED, Status.CHECKED_IN}:
        raise rejections.CouponNotOpen(status=booking.status)
    for passenger in passengers:
        coupon = booking.coupon(passenger, segment)
        if coupon is None:
            raise rejections.NoSuchPart(field="seats", passenger=passenger, segment=segment)
        boarding = (
            coupon.status is CouponStatus.CHECKED_IN
            and facts is not None
            and window is not None
            and facts.operating
            and now <= facts.departs_at - window.boarding_closes
        )
        if coupon.status is not CouponStatus.OPEN and not boarding:
            raise rejections.CouponNotOpen(passenger=passenger, segment=segment)
        if booking.passengers[passenger].type == "INF":
            raise rejections.NoSuchPart(field="seats", passenger=passenger, reason="sits_on_a_lap")


def choose_seats(
    booking: Booking,
    *,
    seats: tuple[SeatChoice, ...],
    facts: SegmentFacts | None = None,
    window: CheckInWindow | None = None,
    now: dt.datetime,
) -> list[BookingEvent]:
    """Passengers take these seats of one flight; the caller assigns them in the same append.

    Rejects what `require_seat_choice` does, and NoSuchPart where one passenger takes two.
    """
    if len({each.passenger for each in seats}) != len(seats):
        raise rejections.NoSuchPart(field="seats", reason="two_seats_for_one_passenger")
    fresh = []
    for choice in seats:
        passengers = (choice.passenger,)
        require_seat_choice(booking, choice.segment, passengers, facts, window=window, now=now)
        coupon = booking.coupon(choice.passenger, choice.segment)
        assert coupon is not None
        if coupon.seat != choice.seat:
            fresh.append(choice)
    return [SeatsChosen(seats=tuple(fresh))] if fresh else []


def lose_seats(
    booking: Booking, *, seats: tuple[SeatChoice, ...], reason: str
) -> list[BookingEvent]:
    """Another aircraft lacks these seats; those that the passengers no longer have are ignored."""
    if booking.status in states.TERMINAL:
        return []
    lost = tuple(
        choice
        for choice in seats
        if (coupon := booking.coupon(choice.passenger, choice.segment)) is not None
        and coupon.seat == choice.seat
    )
    return [SeatsLost(seats=lost, reason=reason)] if lost else []


def give_seats(booking: Booking, *, seats: tuple[SeatChoice, ...]) -> list[BookingEvent]:
    """The airline gives passengers these seats; the caller assigns them in the same append."""
    given = tuple(
        each
        for each in seats
        if (coupon := booking.coupon(each.passenger, each.segment)) is not None
        and not coupon.is_final
        and coupon.seat != each.seat
    )
    return [SeatsChosen(seats=given)] if given else []


def refund_seat_extras(
    booking: Booking,
    *,
    extras: tuple[Extra, ...],
    reason: str,
    obligation: Obligation | None,
    entry: entries.Entry | None,
) -> list[BookingEvent]:
    """The seats of these extras are lost, and what was paid for them is owed."""
    require_no_modification(booking)
    if obligation is None or entry is None:
        return []
    assert set(extras) <= set(booking.extras), "an extra is refunded once"
    return [
        SeatExtrasRefunded(
            extras=tuple(
                ExtraPrice(each.code, each.passenger, each.segment, each.net, each.vat)
                for each in extras
            ),
            reason=reason,
            obligation=obligation,
            entry=entry,
        )
    ]


def evolve(booking: Booking, event: SeatEvent) -> Booking:
    """The booking after the event."""
    match event:
        case SeatsChosen() | SeatsLost():
            return _seated(booking, event)
        case SeatExtrasRefunded():
            gone = {(each.code, each.passenger, each.segment) for each in event.extras}
            left = tuple(
                each
                for each in booking.extras
                if (each.code, each.passenger, each.segment) not in gone
            )
            obligations = obligations_with(booking, event.obligation)
            return replace(booking, extras=left, obligations=obligations)
        case _:
            assert_never(event)


def _seated(booking: Booking, event: SeatsChosen | SeatsLost) -> Booking:
    seats = {(choice.passenger, choice.segment): choice.seat for choice in event.seats}

    def chosen(coupon: Coupon) -> Coupon:
        return replace(coupon, seat=seats[coupon_key(coupon)], standby=False)

    def lost(coupon: Coupon) -> Coupon:
        return replace(coupon, seat=None, standby=coupon.status is CouponStatus.CHECKED_IN)

    return with_coupons(booking, seats, chosen if isinstance(event, SeatsChosen) else lost)


SeatAction = Literal["choose_seat"]


def is_open(action: SeatAction, booking: Booking, situation: Situation) -> bool:
    """Whether the guard of the action passes now."""
    match action:
        case "choose_seat":
            return any(
                passes(
                    require_seat_choice,
                    booking,
                    each.segment,
                    (each.passenger,),
                    situation.segments[each.segment] if situation.segments else None,
                    window=situation.windows[each.segment] if situation.windows else None,
                    now=situation.now,
                )
                for each in booking.open_coupons()
            )
        case _:
            assert_never(action)
