"""Depart a flight of which nobody reported the departure, where its passengers have boarded."""

import datetime as dt

from application.booking import journey
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies import operating_rules
from domain.booking.coupons import CouponStatus
from domain.booking.state import Booking
from domain.inventory import operations


class DepartUnreported(Command, frozen=True):
    """By a timer: `departed_at` is a UTC instant, at the latest.

    A flight of which nobody said otherwise left on time: revenue belongs to that day, and nobody
    missed the next flight because the timer came late.

    A flight that passengers are booked on and nobody has boarded may be late, and operations may
    have forgotten to say so: it stays on the list of overdue flights, and nobody is a no-show.
    """

    flight_id: str
    departed_at: dt.datetime

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightOver and FlightNotDue; records nothing for a flight without boarding."""
        flight = journey.load_flight(context, self.flight_id)
        booked = sorted(name for name, each in flight.allocations.items() if each.sold is not None)
        bookings = context.load_all(stream_kinds.BOOKING, booked)
        boarded = [each for each in bookings.values() if each is not None and self._boarded(each)]
        if boarded or not booked:
            departed_at = min(self.departed_at, flight.departs_at)
            window = operating_rules.check_in_window(context, flight)
            departed = operations.depart(
                flight, boarding_closes=window.boarding_closes, departed_at=departed_at
            )
            context.record(self.flight_id, departed)
        return Reply(self.flight_id)

    def _boarded(self, booking: Booking) -> bool:
        return any(
            coupon.status is CouponStatus.LIFTED
            and booking.segments[coupon.segment].flight == self.flight_id
            for coupon in booking.coupons
        )
