"""Division: passengers leave the booking for one of their own, which then stands by itself.

Rule: what a passenger flew or can still fly goes with its value, its extras and its ticket; what
was cancelled or missed stays where its fee and its refund are.
"""

from collections.abc import Collection, Sequence
from typing import Literal, TypeVar, assert_never

from msgspec.structs import replace

from domain.booking import companions, rejections
from domain.booking.coupons import NOT_FLYING, Coupon, CouponStatus, roll_up
from domain.booking.division_events import (
    BookingDivided,
    BookingDividedOff,
    DivisionEvent,
    FlownValue,
)
from domain.booking.preconditions import (
    SegmentFacts,
    Situation,
    has_departed,
    passes,
    require_no_modification,
    require_not_suspended,
)
from domain.booking.state import Booking, Closing, Disruption, DividedOff, coupon_key, rolled_up
from domain.booking.states import Status
from domain.kernel import entries, money, sealed
from domain.pricing.price import CouponPrice, ExtraPrice, Price

Item = TypeVar("Item")
Priced = TypeVar("Priced", CouponPrice, ExtraPrice)
DIVISIBLE = frozenset({Status.CONFIRMED, Status.CHECKED_IN})


def require_division(
    booking: Booking, passengers: Collection[int], facts: Sequence[SegmentFacts]
) -> None:
    """These passengers can leave the others: each of them has a flight ahead and is not on board,
    and on no flight a child or an infant is without an adult, be it here or there.

    Rejects DivisionRefused, ModificationPending, PaymentUnconfirmed, NoSuchPart, CouponNotOpen and
    InvalidPart.
    """
    if booking.status not in DIVISIBLE:
        raise rejections.DivisionRefused(reason="not_ticketed", status=booking.status)
    require_no_modification(booking)
    require_not_suspended(booking)
    if not passengers:
        raise rejections.NoSuchPart(field="passengers", reason="no_passenger")
    for passenger in passengers:
        _require_flight_ahead(booking, passenger, facts)
    staying = {each.passenger for each in booking.open_coupons()} - set(passengers)
    if not staying:
        raise rejections.InvalidPart(field="passengers", reason="nobody_stays")
    for segment in range(len(booking.segments)):
        companions.require_companions_left(booking, segment, without=passengers)
        companions.require_companions_left(booking, segment, without=staying)


def _require_flight_ahead(booking: Booking, passenger: int, facts: Sequence[SegmentFacts]) -> None:
    if not 0 <= passenger < len(booking.passengers):
        raise rejections.NoSuchPart(field="passengers", passenger=passenger)
    mine = [each for each in booking.open_coupons() if each.passenger == passenger]
    if not mine:
        raise rejections.CouponNotOpen(passenger=passenger)
    for each in mine:
        if each.status is CouponStatus.LIFTED:
            raise rejections.CouponNotOpen(
                passenger=passenger, segment=each.segment, status=each.status
            )
        if has_departed(facts[each.segment]):
            raise rejections.DivisionRefused(reason="departed", segment=each.segment)


def moving(booking: Booking, passengers: Collection[int]) -> tuple[Coupon, ...]:
    """The coupons that go with these passengers, in order."""
    return tuple(
        each
        for each in booking.coupons
        if each.passenger in passengers and each.status not in NOT_FLYING
    )


def divide(
    booking: Booking,
    *,
    passengers: Sequence[int],
    into: str,
    amount: money.Money,
    contact: sealed.Sealed | None = None,
    flown: tuple[FlownValue, ...] = (),
    entry: entries.Entry | None,
) -> list[BookingDivided]:
    """The passengers leave; the caller begins the booking `into` with `divide_off` in the same
    append, and moves their seats. `require_division` was checked; `contact` is None where those who
    stay keep theirs.
    """
    kept, _ = _prices(booking, passengers)
    return [
        BookingDivided(
            into=into,
            passengers=tuple(passengers),
            amount=amount,
            price=kept,
            contact=contact,
            flown=flown,
            entry=entry,
        )
    ]


def divide_off(
    booking: Booking,
    *,
    source: str,
    passengers: Sequence[int],
    contact: sealed.Sealed,
    amount: money.Money,
    entry: entries.Entry | None,
) -> list[BookingDividedOff]:
    """The booking of those who leave `source`, which is `booking` before it is divided."""
    numbers = {passenger: index for index, passenger in enumerate(passengers)}
    moved = {coupon_key(each) for each in moving(booking, passengers)}
    _, price = _prices(booking, passengers)
    return [
        BookingDividedOff(
            source=source,
            owner=booking.owner,
            segments=booking.segments,
            passengers=_of(booking.passengers, passengers),
            contact=contact,
            price=price,
            coupons=tuple(
                _renumbered(each, numbers[each.passenger])
                if coupon_key(each) in moved
                else Coupon(numbers[each.passenger], each.segment, 0, 0, 0, each.status)
                for each in booking.coupons
                if each.passenger in numbers
            ),
            captured=amount,
            payments=booking.payments,
            tickets=tuple(
                replace(each, passenger=numbers[each.passenger])
                for each in booking.tickets
                if each.passenger in numbers
            ),
            documents=_of(booking.documents, passengers),
            sold_names=_of(booking.sold_names, passengers),
            extras=tuple(
                replace(each, passenger=numbers[each.passenger])
                for each in booking.extras
                if (each.passenger, each.segment) in moved
            ),
            disruptions=_ahead(booking, passengers),
            special_services=tuple(
                replace(each, passenger=numbers[each.passenger])
                for each in booking.requested_services
                if (each.passenger, each.segment) in moved
            ),
            entry=entry,
        )
    ]


def _renumbered(coupon: Coupon, passenger: int) -> Coupon:
    priced = coupon.priced and replace(coupon.priced, passenger=passenger)
    return replace(coupon, passenger=passenger, priced=priced)


def _ahead(booking: Booking, passengers: Collection[int]) -> tuple[Disruption, ...]:
    """The disruptions of segments that these passengers have still to fly."""
    segments = {each.segment for each in booking.open_coupons() if each.passenger in passengers}
    return tuple(each for each in booking.disruptions if each.segment in segments)


def _of(items: Sequence[Item], passengers: Sequence[int]) -> tuple[Item, ...]:
    return tuple(items[each] for each in passengers)


def _prices(booking: Booking, passengers: Sequence[int]) -> tuple[Price, Price]:
    """What was sold to those who stay, and to those who leave, who are counted anew."""
    numbers = {passenger: index for index, passenger in enumerate(passengers)}
    moved = {coupon_key(each) for each in moving(booking, passengers)}
    price = booking.price

    def part(*, leaving: bool) -> Price:
        def of(items: Sequence[Priced]) -> tuple[Priced, ...]:
            return tuple(
                replace(each, passenger=numbers[each.passenger]) if leaving else each
                for each in items
                if ((each.passenger, each.segment) in moved) is leaving
            )

        return Price(price.currency, of(price.coupons), of(price.extras))

    return part(leaving=False), part(leaving=True)


def evolve(booking: Booking, event: DivisionEvent) -> Booking:
    """The booking after the event."""
    match event:
        case BookingDivided():
            return _divided(booking, event)
        case BookingDividedOff():
            return divided_off(event)
        case _:
            assert_never(event)


def divided_off(event: BookingDividedOff) -> Booking:
    """The booking that begins with this event."""
    return Booking(
        status=roll_up(Status.CONFIRMED, event.coupons),
        owner=event.owner,
        segments=event.segments,
        passengers=event.passengers,
        contact=event.contact,
        price=event.price,
        coupons=event.coupons,
        extras=event.extras,
        payments=event.payments,
        captured=event.captured,
        tickets=event.tickets,
        documents=event.documents,
        disruptions=event.disruptions,
        sold_names=event.sold_names,
        requested_services=event.special_services,
        divided_from=event.source,
    )


def _divided(booking: Booking, event: BookingDivided) -> Booking:
    assert booking.captured is not None, "only ticketed bookings are divided"
    gone = {coupon_key(each) for each in moving(booking, event.passengers)}
    without = _without(booking, event.passengers)
    return rolled_up(
        replace(
            without,
            contact=event.contact or booking.contact,
            price=event.price,
            captured=booking.captured - event.amount,
            extras=tuple(
                each for each in booking.extras if (each.passenger, each.segment) not in gone
            ),
            tickets=tuple(
                each for each in booking.tickets if each.passenger not in event.passengers
            ),
            documents=tuple(
                None if index in event.passengers else each
                for index, each in enumerate(booking.documents)
            ),
            requested_services=tuple(
                each
                for each in booking.requested_services
                if each.passenger not in event.passengers
            ),
            closings=_closings_left(booking, event),
            divided_into=(*booking.divided_into, DividedOff(event.into, event.passengers)),
        )
    )


def _closings_left(booking: Booking, event: BookingDivided) -> tuple[Closing, ...]:
    """What departures closed for those who stay; who left was on board, and has flown."""
    gone = [each for each in booking.coupons if each.passenger in event.passengers]
    flown = {coupon_key(each) for each in gone if each.status is CouponStatus.FLOWN}
    values = {each.segment: each for each in event.flown}
    left = []
    for closing in booking.closings:
        value = values.get(closing.segment, FlownValue(closing.segment, 0, 0))
        kept = tuple(each for each in closing.coupons if coupon_key(each) not in flown)
        if kept:
            left.append(
                replace(
                    closing,
                    coupons=kept,
                    left_fare=closing.left_fare + value.fare,
                    left_ancillary=closing.left_ancillary + value.ancillary,
                )
            )
    return tuple(left)


def _without(booking: Booking, passengers: Collection[int]) -> Booking:
    """The booking with the coupons that go with these passengers divided off, and nothing else."""
    gone = {coupon_key(each) for each in moving(booking, passengers)}
    return replace(
        booking,
        coupons=tuple(
            Coupon(each.passenger, each.segment, 0, 0, 0, CouponStatus.DIVIDED)
            if coupon_key(each) in gone
            else each
            for each in booking.coupons
        ),
    )


DivisionAction = Literal["divide"]


def is_open(action: DivisionAction, booking: Booking, situation: Situation) -> bool:
    """Whether the guard of the action passes now for some of the passengers."""
    match action:
        case "divide":
            return booking.status in DIVISIBLE and any(
                passes(require_division, booking, part, situation.segments)
                for part in _smallest_parts(booking)
            )
        case _:
            assert_never(action)


def _smallest_parts(booking: Booking) -> list[tuple[int, ...]]:
    """Each adult alone, with the infant of the same place in the order, and with all minors."""
    party = [(each.passenger, booking.passengers[each.passenger].type) for each in booking.coupons]
    ahead = {each.passenger for each in booking.open_coupons()}
    of_type = {
        kind: sorted({index for index, each in party if each == kind and index in ahead})
        for kind in ("ADT", "CHD", "INF")
    }
    infants = of_type["INF"]
    minors = [*of_type["CHD"], *infants]
    parts: list[tuple[int, ...]] = []
    for place, adult in enumerate(of_type["ADT"]):
        parts += [(adult,), (adult, *infants[place : place + 1]), (adult, *minors)]
    return parts
