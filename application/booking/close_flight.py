"""A flight has left: for one booking, who was on board has flown, who was not is a no-show."""

import datetime as dt

import msgspec

from application.booking import journey
from application.orders import Decision
from application.planning import Reading
from domain.booking import cancellation, departure, guards
from domain.booking.coupons import Coupon
from domain.booking.events import BookingEvent
from domain.booking.state import Booking, evolve
from domain.inventory.state import FlightStatus
from domain.ledger import carriage
from domain.pricing import rules as pricing_rules

NO_SHOW = "no_show"


class CloseFlight(msgspec.Struct, frozen=True):
    """One booking's part in a flight that has departed."""

    booking: str
    flight: str

    @property
    def hints(self) -> tuple[str, ...]:
        """Booking and flight."""
        return (self.booking, self.flight)


def close_flight(command: CloseFlight, reading: Reading) -> Decision:
    """Rejects BookingNotFound and ChangeUnderWay; a flight still to come records nothing."""
    booking = journey.load(reading, command.booking)
    flight = journey.load_flight(reading, command.flight)
    segment = next(
        (i for i, each in enumerate(booking.segments) if each.flight == command.flight), None
    )
    if (
        segment is None
        or booking.status not in guards.TICKETED
        or flight.status is not FlightStatus.DEPARTED
    ):
        return Decision(answer_stream=command.booking)
    events, lapsed = _close(command.booking, booking, segment, reading.now)
    later = [coupon for coupon in lapsed if coupon.segment != segment]
    released = journey.given_back(reading, command.booking, booking, later, NO_SHOW)
    return Decision(
        answer_stream=command.booking,
        events=journey.merged([(command.booking, events), *released]),
    )


def _close(
    stream: str, booking: Booking, segment: int, now: dt.datetime
) -> tuple[list[BookingEvent], tuple[Coupon, ...]]:
    """Flown first, then missed; and the coupons that lapse."""
    posted = journey.posted(stream, booking, now)
    on_board = departure.lifted_on(booking, segment)
    flown = departure.fly(
        booking,
        segment=segment,
        entry=carriage.flown_entry(posted, value=journey.value_of(booking, on_board)),
    )
    for event in flown:
        booking = evolve(booking, event)
    lapsed = departure.missing_on(booking, segment)
    charge = sum(coupon.charge for coupon in lapsed)
    taxed = any(coupon.vat for coupon in lapsed)
    vat = pricing_rules.vat_on(charge, booking.currency).amount if taxed else 0
    missed = departure.miss(
        booking,
        segment=segment,
        entry=carriage.no_show_entry(
            posted,
            value=journey.value_of(booking, lapsed),
            charge_back=charge,
            vat_back=vat,
        ),
        obligation=cancellation.obligation_of(booking, stream, charge + vat),
    )
    return [*flown, *missed], lapsed
