"""What must be true for each step: asked by the decisions, and to tell which actions are open.

Every guard raises the rejection that a client is told; none of them changes anything.
"""

import datetime as dt
from collections.abc import Collection, Sequence

import msgspec

from domain.booking import rejections, states
from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.state import Booking
from domain.booking.states import Status

TICKETED = frozenset({Status.CONFIRMED, Status.CHECKED_IN, Status.BOARDED})
WAITING = frozenset({Status.PENDING, Status.PAYMENT_FAILED})
UNPAID = frozenset({Status.INITIATED, Status.PENDING, Status.RESERVED, Status.PAYMENT_FAILED})
GRANTABLE = frozenset(
    {Status.PAID, Status.CONFIRMED, Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED}
)
# Saudia and flynas: boarding ends a quarter of an hour before departure.
BOARDING_CLOSES = dt.timedelta(minutes=15)


class CheckInWindow(msgspec.Struct, frozen=True):
    """Check-in is open from `opens` before departure until `closes` before it, both inclusive."""

    opens: dt.timedelta = dt.timedelta(hours=48)
    closes: dt.timedelta = dt.timedelta(minutes=60)


class SegmentFacts(msgspec.Struct, frozen=True):
    """What a booking must know of a flight of its journey; read in the same decision.

    Neither `operating` nor `cancelled`: it has left. `has_seats` matters to who waits for them.
    """

    departs_at: dt.datetime
    domestic: bool
    operating: bool
    cancelled: bool = False
    has_seats: bool = True


def require_step(booking: Booking, after: Status) -> None:
    """B1: the table has the step."""
    if not states.may_move(booking.status, after):
        raise rejections.TransitionRefused(before=booking.status.value, after=after.value)


def require_running(booking: Booking, *, now: dt.datetime) -> None:
    """The deadline of what it waits for has not come."""
    if booking.status is Status.EXPIRED:
        raise rejections.BookingHasExpired()
    if booking.hold_until is None or now >= booking.hold_until:
        raise rejections.BookingHasExpired()


def require_hold(booking: Booking, *, now: dt.datetime) -> None:
    """A draft may ask for its seats; who waits is offered them."""
    if booking.status is not Status.INITIATED:
        raise rejections.TransitionRefused(before=booking.status.value, after=Status.RESERVED.value)
    require_running(booking, now=now)


def require_checkout(booking: Booking, *, now: dt.datetime) -> None:
    """Something is due and may still be paid: the price, or an accepted change."""
    if booking.change is not None and booking.status in TICKETED:
        if booking.change_paid:
            raise rejections.NothingDue()
        if booking.change_until is None or now >= booking.change_until:
            raise rejections.BookingHasExpired()
        return
    if booking.status is Status.EXPIRED:
        raise rejections.BookingHasExpired()
    if booking.status not in UNPAID - {Status.INITIATED}:
        raise rejections.NothingDue()
    require_running(booking, now=now)


def require_kept(booking: Booking) -> None:
    """What was paid has not been promised back: after that only the refund is to come."""
    if booking.status is Status.PAID and booking.obligations:
        raise rejections.TransitionRefused(reason="refund_granted", status=booking.status.value)


def require_no_change(booking: Booking) -> None:
    """No modification waits for its money."""
    if booking.change is not None:
        raise rejections.ChangeUnderWay()


def require_abandonable(booking: Booking) -> None:
    """An accepted modification waits for its money, which has not come."""
    if booking.change is None:
        raise rejections.NoChangeUnderWay(reason="none")
    if booking.change_paid:
        raise rejections.NoChangeUnderWay(reason="paid")


def require_cancellable(booking: Booking, *, at_gate: bool) -> None:
    """There is something to give up. Who is on board can only be taken off by the gate."""
    require_step(booking, Status.CANCELLED)
    require_kept(booking)
    require_no_change(booking)
    if booking.status in TICKETED and not _cancellable(booking, at_gate=at_gate):
        raise rejections.CouponNotOpen()


def _cancellable(booking: Booking, *, at_gate: bool) -> list[Coupon]:
    return [
        coupon
        for coupon in booking.open_coupons()
        if at_gate or coupon.status is not CouponStatus.LIFTED
    ]


def require_part(booking: Booking, coupons: Sequence[Coupon], *, at_gate: bool) -> None:
    """The part is not empty, still open, and leaves no child or infant alone."""
    if not coupons:
        raise rejections.NoSuchPart()
    for coupon in coupons:
        lifted = coupon.status is CouponStatus.LIFTED
        if coupon.is_final or (lifted and not at_gate):
            raise rejections.CouponNotOpen(
                passenger=coupon.passenger, segment=coupon.segment, status=coupon.status.value
            )
    gone = {(coupon.passenger, coupon.segment) for coupon in coupons}
    for segment in range(len(booking.segments)):
        left = [
            booking.passengers[coupon.passenger].type
            for coupon in booking.open_coupons(segment)
            if (coupon.passenger, segment) not in gone
        ]
        if left and (left.count("ADT") == 0 or left.count("INF") > left.count("ADT")):
            raise rejections.PartUnfit(segment=segment)


def require_change(
    booking: Booking, segment: int, facts: SegmentFacts, *, now: dt.datetime
) -> None:
    """A segment may be exchanged: ticketed, nobody at the gate yet, before departure.

    Where the airline disturbed the flight, those who had checked in may leave it too.
    """
    if booking.status not in {Status.CONFIRMED, Status.CHECKED_IN}:
        raise rejections.ChangeRefused(reason="not_ticketed", status=booking.status.value)
    require_no_change(booking)
    require_segment(booking, segment)
    coupons = booking.open_coupons(segment)
    if not coupons:
        raise rejections.CouponNotOpen(segment=segment)
    exchangeable = {CouponStatus.OPEN}
    if is_disturbed(booking, segment):
        exchangeable.add(CouponStatus.CHECKED_IN)
    if any(coupon.status not in exchangeable for coupon in coupons):
        raise rejections.ChangeRefused(reason="checked_in", segment=segment)
    if has_left(facts) or (facts.operating and now > facts.departs_at):
        raise rejections.ChangeRefused(reason="departed", segment=segment)


def require_name_correction(booking: Booking, passenger: int) -> None:
    """A name may be corrected until its passenger is on the way."""
    if booking.status not in {Status.CONFIRMED, Status.RESERVED, Status.PAID}:
        raise rejections.NameChangeRefused(reason="status", status=booking.status.value)
    if not 0 <= passenger < len(booking.passengers):
        raise rejections.NoSuchPart(passenger=passenger)


def require_seat_choice(booking: Booking, segment: int, passengers: Collection[int]) -> None:
    """Passengers with an open coupon who sit may choose; not once checked in."""
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


def require_segment(booking: Booking, segment: int) -> None:
    """The journey has such a flight."""
    if not 0 <= segment < len(booking.segments):
        raise rejections.NoSuchPart(segment=segment)


def require_check_in(
    booking: Booking,
    segment: int,
    facts: SegmentFacts,
    *,
    window: CheckInWindow,
    now: dt.datetime,
) -> None:
    """Ticketed, on a flight that operates, within the window, nothing left unanswered."""
    require_segment(booking, segment)
    if booking.status not in {Status.CONFIRMED, Status.CHECKED_IN}:
        require_step(booking, Status.CHECKED_IN)
    require_no_change(booking)
    if not facts.operating or is_disturbed(booking, segment):
        raise rejections.CheckInClosed(reason="disrupted", segment=segment)
    if now < facts.departs_at - window.opens:
        raise rejections.CheckInClosed(
            reason="not_open_yet", opens=(facts.departs_at - window.opens).isoformat()
        )
    if now > facts.departs_at - window.closes:
        raise rejections.CheckInClosed(reason="closed", segment=segment)
    if not booking.open_coupons(segment):
        raise rejections.CouponNotOpen(segment=segment)


def require_boarding(
    booking: Booking, segment: int, facts: SegmentFacts, *, now: dt.datetime
) -> None:
    """Somebody is checked in and the gate is open."""
    require_segment(booking, segment)
    if booking.status not in {Status.CHECKED_IN, Status.BOARDED}:
        require_step(booking, Status.BOARDED)
    if not facts.operating or now > facts.departs_at - BOARDING_CLOSES:
        raise rejections.BoardingClosed(segment=segment)
    if not any(
        coupon.status in {CouponStatus.CHECKED_IN, CouponStatus.LIFTED}
        for coupon in booking.open_coupons(segment)
    ):
        raise rejections.CouponNotOpen(segment=segment)


def require_answer(booking: Booking, segment: int) -> None:
    """The airline disturbed this flight and waits for an answer."""
    if all(each.segment != segment for each in booking.disruptions):
        raise rejections.NothingToAnswer(segment=segment)


def is_disturbed(booking: Booking, segment: int) -> bool:
    """Whether the airline changed so much that the passengers may leave free of charge."""
    return any(each.segment == segment and each.material for each in booking.disruptions)


def require_release(booking: Booking, segment: int, facts: SegmentFacts) -> None:
    """The passengers may end the contract: disturbed, and not gone with the flight."""
    require_answer(booking, segment)
    if not is_disturbed(booking, segment):
        raise rejections.NothingToAnswer(segment=segment, reason="not_material")
    if has_left(facts):
        raise rejections.NothingToAnswer(segment=segment, reason="departed")


def has_left(facts: SegmentFacts) -> bool:
    """Whether the flight is gone."""
    return not facts.operating and not facts.cancelled


def require_operating(facts: Sequence[SegmentFacts], segment: int) -> None:
    """The flight is still to come."""
    if not facts[segment].operating:
        raise rejections.NothingToAnswer(segment=segment, reason="flight_cancelled")
