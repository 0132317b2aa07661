"""Divisions of bookings as plain facts: what leaves one booking is what enters the other."""

from domain.booking.division_events import BookingDivided, BookingDividedOff
from domain.booking.states import Status
from domain.inventory.events import SeatsDivided
from domain.kernel import money
from tests.support.recounted import Booking, Coupon, Flight, coupon_of

NOT_MOVED = "RZ"


class Divisions:
    """Follows the events of a log; each new booking must be what has left another."""

    def __init__(self) -> None:
        self._leaving: dict[str, tuple[str, tuple[int, int, int, int], list[Coupon]]] = {}

    def divided(self, stream: str, booking: Booking, event: BookingDivided) -> None:
        """Passengers leave with all that they flew or can still fly."""
        assert booking.ticketed
        assert booking.modification is None
        gone = [key for key in booking.keys("OCF") if key[0] in event.passengers]
        assert not [key for key in booking.keys("L") if key[0] in event.passengers]
        ahead = {key[0] for key in booking.keys("OCL")}
        assert ahead > set(event.passengers), "a real part leaves"
        worth = booking.worth(gone)
        assert event.amount == money.Money(sum(worth), booking.currency)
        self._leaving[event.into] = (stream, worth, [booking.coupons[key] for key in gone])
        booking.transferred -= event.amount.amount
        booking.extras = [each for each in booking.extras if each[:2] not in gone]
        for key in gone:
            booking.coupons[key] = Coupon(0, 0, 0, status="X", keeps_seat=False)

    def begun(self, stream: str, event: BookingDividedOff) -> Booking:
        """The booking of those who left."""
        source, worth, coupons = self._leaving.pop(stream)
        assert source == event.source
        begun = _begun(event)
        assert begun.worth(begun.coupons) == worth, "a division moves money and makes none"
        moved = [each for each in begun.coupons.values() if each.status not in NOT_MOVED]
        assert moved == coupons
        return begun


def divide_seats(flight: Flight, event: SeatsDivided) -> None:
    """The passengers keep their places, under another booking."""
    numbers = {each.before: each.after for each in event.passengers}
    for number, (who, passenger) in flight.seated.items():
        if who == event.booking and passenger in numbers:
            flight.seated[number] = (event.into, numbers[passenger])
    flight.unreviewed = {
        (event.into, numbers[passenger], number)
        if who == event.booking and passenger in numbers
        else (who, passenger, number)
        for who, passenger, number in flight.unreviewed
    }


def _begun(event: BookingDividedOff) -> Booking:
    """The facts of one whose passengers left another; asserts that every coupon is there."""
    every = {(p, s) for p in range(len(event.passengers)) for s in range(len(event.segments))}
    coupons = {
        (each.passenger, each.segment): coupon_of(
            each,
            status=each.status.value,
            seat=each.seat,
            keeps_seat=each.status.value not in NOT_MOVED,
        )
        for each in event.coupons
    }
    assert set(coupons) == every and len(event.coupons) == len(every)
    assert [each.passenger for each in event.tickets] == list(range(len(event.passengers)))
    booking = Booking(
        currency=event.captured.currency,
        party=tuple(passenger.type for passenger in event.passengers),
        segments=[(each.flight, each.cabin, each.fare_class) for each in event.segments],
        coupons=coupons,
        extras=[(each.passenger, each.segment, each.net, each.vat) for each in event.extras],
        price=0,
        status=Status.CONFIRMED,
        ticketed=True,
        transferred=event.captured.amount,
        drawn_from=list(event.payments),
        documents={
            each.document: (each.passenger, each.segment, each.net, each.vat)
            for each in event.extras
            if each.document is not None
        },
    )
    assert booking.transferred == sum(booking.worth(every)), "coupons and extras add up"
    return booking
