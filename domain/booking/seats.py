"""Seats of the seat map: passengers choose them, or lose them when the aircraft changes."""

from collections.abc import Collection
from typing import Literal, assert_never

from msgspec.structs import replace

from domain.booking import rejections, states
from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.events import BookingEvent, SeatEvent, SeatsChosen, SeatsLost
from domain.booking.preconditions import Situation, passes
from domain.booking.state import Booking, coupon_key, with_coupons
from domain.booking.states import Status
from domain.booking.values import SeatChoice


def require_seat_choice(booking: Booking, segment: int, passengers: Collection[int]) -> None:
    """The passengers take a seat of their own and have not checked in."""
    if booking.status not in {Status.RESERVED, Status.PAID, Status.CONFIRMED, Status.CHECKED_IN}:
        raise rejections.CouponNotOpen(status=booking.status.value)
    for passenger in passengers:
        coupon = booking.coupon(passenger, segment)
        if coupon is None:
            raise rejections.NoSuchPart(passenger=passenger, segment=segment)
        if coupon.status is not CouponStatus.OPEN:
            raise rejections.CouponNotOpen(passenger=passenger, segment=segment)
        if booking.passengers[passenger].type == "INF":
            raise rejections.NoSuchPart(passenger=passenger, reason="sits_on_a_lap")


def choose_seats(booking: Booking, *, seats: tuple[SeatChoice, ...]) -> list[BookingEvent]:
    """Passengers take these seats; the caller assigns them on the flights in the same append."""
    fresh = []
    for choice in seats:
        require_seat_choice(booking, choice.segment, (choice.passenger,))
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


def evolve(booking: Booking, event: SeatEvent) -> Booking:
    """The booking after the event."""
    seats = {(choice.passenger, choice.segment): choice.seat for choice in event.seats}

    def chosen(coupon: Coupon) -> Coupon:
        return replace(coupon, seat=seats[coupon_key(coupon)])

    def lost(coupon: Coupon) -> Coupon:
        return replace(coupon, seat=None)

    match event:
        case SeatsChosen():
            return with_coupons(booking, seats, chosen)
        case SeatsLost():
            return with_coupons(booking, seats, lost)
        case _:
            assert_never(event)


SeatAction = Literal["choose_seat"]


def is_open(action: SeatAction, booking: Booking, _situation: Situation) -> bool:
    """Whether the guard of the action passes now."""
    match action:
        case "choose_seat":
            return any(
                passes(require_seat_choice, booking, each.segment, (each.passenger,))
                for each in booking.open_coupons()
                if each.status is CouponStatus.OPEN
            )
        case _:
            assert_never(action)
