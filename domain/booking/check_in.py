"""From check-in to the end of the journey: coupons move, and the booking's status follows (B6)."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal, assert_never

from msgspec.structs import replace

from domain.booking import companions, departure_correction, disruption, rejections, states
from domain.booking.check_in_events import DepartureWithdrawn
from domain.booking.coupons import Coupon, CouponStatus, is_over
from domain.booking.events import (
    BookingCompleted,
    BookingEvent,
    CheckInEvent,
    CheckInWithdrawn,
    CouponsFlown,
    PassengersBoarded,
    PassengersCheckedIn,
    PassengersMissed,
)
from domain.booking.preconditions import (
    CheckInWindow,
    SegmentFacts,
    Situation,
    passes,
    require_no_modification,
    require_not_suspended,
    require_segment,
    require_step,
)
from domain.booking.state import (
    Booking,
    coupon_ids,
    coupon_key,
    rolled_up,
    with_coupons,
    with_status,
)
from domain.booking.states import Status
from domain.booking.values import CheckedInPassenger, CouponId, Obligation
from domain.kernel import entries

BOARDED = frozenset({CouponStatus.LIFTED, CouponStatus.FLOWN})


def require_check_in(
    booking: Booking,
    segment: int,
    facts: SegmentFacts,
    *,
    window: CheckInWindow,
    now: dt.datetime,
) -> None:
    """Ticketed, the flight operates, the window is open, no modification or disruption pends."""
    require_segment(booking, segment)
    if booking.status not in {Status.CONFIRMED, Status.CHECKED_IN}:
        require_step(booking, Status.CHECKED_IN)
    require_not_suspended(booking)
    require_no_modification(booking)
    if not facts.operating or disruption.is_material(booking, segment):
        raise rejections.CheckInClosed(reason="disrupted", segment=segment)
    if now < facts.departs_at - window.opens:
        raise rejections.CheckInClosed(
            reason="not_open_yet", opens=(facts.departs_at - window.opens).isoformat()
        )
    if now > facts.departs_at - window.closes:
        raise rejections.CheckInClosed(reason="closed", segment=segment)
    if not booking.open_coupons(segment):
        raise rejections.CouponNotOpen(segment=segment)


def require_check_in_undo(
    booking: Booking,
    segment: int,
    facts: SegmentFacts,
    *,
    window: CheckInWindow,
    at_gate: bool,
    now: dt.datetime,
) -> None:
    """A passenger is checked in and not on board: until check-in closes, at the gate until boarding
    ends.
    """
    require_segment(booking, segment)
    require_no_modification(booking)
    if not passengers_with(booking, segment, CouponStatus.CHECKED_IN):
        raise rejections.CouponNotOpen(segment=segment)
    closes = window.boarding_closes if at_gate else window.closes
    if not facts.operating or now > facts.departs_at - closes:
        raise rejections.CheckInClosed(reason="closed", segment=segment)


def require_boarding(
    booking: Booking, segment: int, facts: SegmentFacts, *, window: CheckInWindow, now: dt.datetime
) -> None:
    """At least one passenger is checked in and the gate is open."""
    require_segment(booking, segment)
    if booking.status not in {Status.CHECKED_IN, Status.BOARDED}:
        require_step(booking, Status.BOARDED)
    require_not_suspended(booking)
    if not facts.operating or now > facts.departs_at - window.boarding_closes:
        raise rejections.BoardingClosed(segment=segment)
    if not any(
        coupon.status in {CouponStatus.CHECKED_IN, CouponStatus.LIFTED}
        for coupon in booking.open_coupons(segment)
    ):
        raise rejections.CouponNotOpen(segment=segment)


def passengers_to_check_in(
    booking: Booking, segment: int, passengers: Sequence[int] | None
) -> tuple[int, ...]:
    """Those of the passengers (None: all) who have not checked in on the segment.

    A passenger who was checked in is left out, also after the flight. Rejects NoSuchPart, and
    CouponNotOpen for a named passenger whose coupon became final without check-in.
    """
    wanted = range(len(booking.passengers)) if passengers is None else passengers
    found = []
    for passenger in wanted:
        coupon = booking.coupon(passenger, segment)
        if coupon is None:
            raise rejections.NoSuchPart(field="passengers", passenger=passenger, segment=segment)
        if coupon.status is CouponStatus.OPEN:
            found.append(passenger)
        elif passengers is not None and coupon.is_final and not _was_checked_in(coupon):
            raise rejections.CouponNotOpen(passenger=passenger, status=coupon.status)
    return tuple(found)


def _was_checked_in(coupon: Coupon) -> bool:
    return coupon.sequence is not None and coupon.status is not CouponStatus.REFUNDED


def has_check_ins(booking: Booking, segment: int) -> bool:
    """Whether any passenger was checked in on the segment."""
    return any(each.sequence is not None for each in booking.coupons if each.segment == segment)


def check_in(
    booking: Booking,
    *,
    segment: int,
    places: tuple[CheckedInPassenger, ...],
    facts: SegmentFacts,
    window: CheckInWindow,
    now: dt.datetime,
) -> list[BookingEvent]:
    """Accept passengers; the caller has inspected their documents, and the flight has assigned
    seats and sequence numbers.
    """
    require_check_in(booking, segment, facts, window=window, now=now)
    if not places:
        return []
    together = checked_in_on(booking, segment) | {place.passenger for place in places}
    companions.require_companions(booking, segment, together)
    return [PassengersCheckedIn(segment=segment, places=places)]


def board(
    booking: Booking,
    *,
    segment: int,
    passengers: Sequence[int] | None,
    facts: SegmentFacts,
    window: CheckInWindow,
    now: dt.datetime,
) -> list[BookingEvent]:
    """Lift the coupons of checked-in passengers (None: all of them).

    Idempotent, also after the gate has closed and after the flight.
    """
    if _is_boarded(booking, segment, passengers):
        return []
    require_boarding(booking, segment, facts, window=window, now=now)
    seated = [each.passenger for each in booking.open_coupons(segment) if not each.standby]
    checked_in = tuple(
        each
        for each in passengers_with(booking, segment, CouponStatus.CHECKED_IN)
        if each in seated
    )
    if passengers is None:
        boarding = checked_in
    else:
        for passenger in passengers:
            coupon = booking.coupon(passenger, segment)
            if coupon is None:
                raise rejections.NoSuchPart(
                    field="passengers", passenger=passenger, segment=segment
                )
            if coupon.status not in {CouponStatus.CHECKED_IN, CouponStatus.LIFTED}:
                raise rejections.CouponNotOpen(passenger=passenger, status=coupon.status)
            if coupon.standby:
                raise rejections.CouponNotOpen(passenger=passenger, reason="standby")
        boarding = tuple(each for each in checked_in if each in set(passengers))
    if not boarding:
        return []
    companions.require_no_child_left(booking, segment, boarding=boarding)
    on_board = {each.passenger for each in lifted_on(booking, segment)}
    companions.require_companions(booking, segment, on_board | set(boarding))
    return [PassengersBoarded(segment=segment, passengers=boarding)]


def _is_boarded(booking: Booking, segment: int, passengers: Sequence[int] | None) -> bool:
    """Whether all of the passengers are or were on board; None: some, and none is left to board."""
    statuses = {each.passenger: each.status for each in booking.coupons if each.segment == segment}
    boarded = {each for each, status in statuses.items() if status in BOARDED}
    if passengers is None:
        return bool(boarded) and CouponStatus.CHECKED_IN not in statuses.values()
    return bool(passengers) and boarded.issuperset(passengers)


def checked_in_on(booking: Booking, segment: int) -> frozenset[int]:
    """The passengers who are checked in, on board or not."""
    return frozenset(
        coupon.passenger
        for coupon in booking.open_coupons(segment)
        if coupon.status is not CouponStatus.OPEN
    )


def lifted_on(booking: Booking, segment: int) -> tuple[Coupon, ...]:
    """The coupons of the passengers on board."""
    return tuple(
        coupon for coupon in booking.open_coupons(segment) if coupon.status is CouponStatus.LIFTED
    )


def missing_on(booking: Booking, segment: int) -> tuple[Coupon, ...]:
    """The coupons of passengers who are not on board, with those of their later flights.

    Passengers on standby were there, and those who stayed with them: the airline had no seat.
    """
    denied = companions.denied(booking, segment)
    absent = {
        coupon.passenger
        for coupon in booking.open_coupons(segment)
        if coupon.status is not CouponStatus.LIFTED and coupon.passenger not in denied
    }
    return tuple(
        coupon
        for coupon in booking.open_coupons()
        if coupon.passenger in absent and coupon.segment >= segment
    )


def denied_on(booking: Booking, segment: int) -> tuple[Coupon, ...]:
    """The coupons of passengers who are checked in and have no seat, and who stay with them."""
    denied = companions.denied(booking, segment)
    return tuple(each for each in booking.open_coupons(segment) if each.passenger in denied)


def fly(
    booking: Booking,
    *,
    segment: int,
    entry: entries.Entry | None,
    departed_at: dt.datetime | None = None,
) -> list[BookingEvent]:
    """The flight has left with the passengers on board; no effect without tickets."""
    if booking.status not in states.TICKETED:
        return []
    on_board = tuple(coupon.passenger for coupon in lifted_on(booking, segment))
    if not on_board:
        return []
    flown = CouponsFlown(segment=segment, passengers=on_board, entry=entry, departed_at=departed_at)
    return [flown, *completed(evolve(booking, flown))]


def miss(
    booking: Booking,
    *,
    segment: int,
    entry: entries.Entry | None,
    obligation: Obligation | None,
    departed_at: dt.datetime | None = None,
) -> list[BookingEvent]:
    """The flight has left without these passengers; the caller releases their later seats.

    Rejects ModificationPending; no effect without tickets.
    """
    if booking.status not in states.TICKETED:
        return []
    require_no_modification(booking)
    coupons = missing_on(booking, segment)
    if not coupons:
        return []
    missed = PassengersMissed(
        coupons=coupon_ids(coupons), entry=entry, obligation=obligation, departed_at=departed_at
    )
    return [missed, *completed(evolve(booking, missed))]


def completed(booking: Booking) -> list[BookingEvent]:
    """The journey is completed once all coupons are final and at least one was flown."""
    if booking.status is Status.BOARDED and is_over(booking.coupons):
        return [BookingCompleted()]
    return []


def evolve(booking: Booking, event: CheckInEvent) -> Booking:
    """The booking after the event."""
    match event:
        case PassengersCheckedIn():
            return _checked_in(booking, event)
        case CheckInWithdrawn():
            return _undone(booking, event)
        case PassengersBoarded():
            wanted = [CouponId(each, event.segment) for each in event.passengers]
            return rolled_up(with_status(booking, wanted, CouponStatus.LIFTED))
        case CouponsFlown():
            return departure_correction.flown(booking, event)
        case PassengersMissed():
            return departure_correction.missed(booking, event)
        case DepartureWithdrawn():
            return departure_correction.reopened(booking, event)
        case BookingCompleted():
            return replace(booking, status=Status.COMPLETED, disruptions=())
        case _:
            assert_never(event)


def _checked_in(booking: Booking, event: PassengersCheckedIn) -> Booking:
    places = {(place.passenger, event.segment): place for place in event.places}

    def accepted(coupon: Coupon) -> Coupon:
        place = places[coupon_key(coupon)]
        return replace(
            coupon,
            status=CouponStatus.CHECKED_IN,
            seat=place.seat,
            sequence=place.sequence,
            checked_in_by=place.channel,
            standby=place.standby,
        )

    return rolled_up(with_coupons(booking, places, accepted))


def _undone(booking: Booking, event: CheckInWithdrawn) -> Booking:
    wanted = {(passenger, event.segment) for passenger in event.passengers}

    def reopened(coupon: Coupon) -> Coupon:
        return replace(
            coupon, status=CouponStatus.OPEN, sequence=None, standby=False, checked_in_by=None
        )

    return rolled_up(with_coupons(booking, wanted, reopened))


def passengers_with(booking: Booking, segment: int, status: CouponStatus) -> tuple[int, ...]:
    """The passengers of a segment whose coupons have this status."""
    return tuple(
        coupon.passenger for coupon in booking.open_coupons(segment) if coupon.status is status
    )


CheckInAction = Literal["check_in", "undo_check_in", "board"]


def is_open(action: CheckInAction, booking: Booking, situation: Situation) -> bool:
    """Whether the guard of the action passes now."""
    now = situation.now
    timed = list(enumerate(zip(situation.segments, situation.windows, strict=True)))
    match action:
        case "check_in":
            unchecked = {
                coupon.segment
                for coupon in booking.open_coupons()
                if coupon.status is CouponStatus.OPEN
            }
            return any(
                passes(require_check_in, booking, segment, facts, window=window, now=now)
                for segment, (facts, window) in timed
                if segment in unchecked
            )
        case "undo_check_in":
            return any(
                passes(
                    require_check_in_undo,
                    booking,
                    segment,
                    facts,
                    window=window,
                    at_gate=situation.at_gate,
                    now=now,
                )
                for segment, (facts, window) in timed
            )
        case "board":
            return situation.at_gate and any(
                passes(require_boarding, booking, segment, facts, window=window, now=now)
                for segment, (facts, window) in timed
            )
        case _:
            assert_never(action)
