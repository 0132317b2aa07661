"""Children and infants check in, board and fly only with an adult of their booking."""

from collections.abc import Collection, Sequence

from domain.booking import rejections
from domain.booking.coupons import CouponStatus
from domain.booking.state import Booking
from domain.pricing.price import PassengerType

# A coupon that has come so far needs a guardian's who has come as far, from the first step on.
STEPS = (
    frozenset({CouponStatus.OPEN, CouponStatus.CHECKED_IN, CouponStatus.LIFTED}),
    frozenset({CouponStatus.CHECKED_IN, CouponStatus.LIFTED}),
    frozenset({CouponStatus.LIFTED}),
)


def enough_guardians(types: Sequence[PassengerType], guardians: int) -> bool:
    """Whether no child or infant is without a guardian, and each infant has one of its own; true
    where there are none.
    """
    minors = any(kind != "ADT" for kind in types)
    return not minors or (guardians > 0 and types.count("INF") <= guardians)


def require_companions(booking: Booking, segment: int, passengers: Collection[int]) -> None:
    """These passengers of the segment can go together without the others.

    A guardian is an adult who is not known to be too young. Rejects InvalidPart.
    """
    group = [booking.passengers[each] for each in passengers]
    guardians = sum(each.type == "ADT" and not each.under_guardian_age for each in group)
    if not enough_guardians([each.type for each in group], guardians):
        raise rejections.InvalidPart(segment=segment, reason="without_an_adult")


def require_companions_left(booking: Booking, segment: int, *, without: Collection[int]) -> None:
    """After these passengers have left the segment, those who stay can go together at each step:
    all of them, those who are checked in, and those on board. Rejects InvalidPart.
    """
    left = [each for each in booking.open_coupons(segment) if each.passenger not in without]
    for statuses in STEPS:
        group = [each.passenger for each in left if each.status in statuses]
        require_companions(booking, segment, group)


def require_no_child_left(booking: Booking, segment: int, *, boarding: Collection[int]) -> None:
    """No child on standby, who may have to stay, is left alone by those who board.

    Rejects InvalidPart.
    """
    standby = {each.passenger for each in booking.open_coupons(segment) if each.standby}
    if all(booking.passengers[each].type == "ADT" for each in standby):
        return
    waiting = [
        each.passenger
        for each in booking.open_coupons(segment)
        if each.status is CouponStatus.CHECKED_IN
        and each.passenger not in boarding
        and (each.standby or booking.passengers[each.passenger].type == "ADT")
    ]
    require_companions(booking, segment, waiting)


def denied(booking: Booking, segment: int) -> frozenset[int]:
    """Return the passengers on standby, and those who have checked in and do not board because of
    them: children and infants of an adult, an adult with a child, and then the infant as well.
    """
    waiting = [
        each for each in booking.open_coupons(segment) if each.status is CouponStatus.CHECKED_IN
    ]
    adults = {index for index, each in enumerate(booking.passengers) if each.type == "ADT"}
    adult_left = any(each.standby and each.passenger in adults for each in waiting)
    child_left = any(each.standby and each.passenger not in adults for each in waiting)
    return frozenset(
        each.passenger
        for each in waiting
        if each.standby or child_left or (adult_left and each.passenger not in adults)
    )
