"""Choose seats, and remove those that another aircraft does not have."""

from collections.abc import Sequence

from application.booking import journey, letters, paid_seats, seat_needs
from application.booking.access import changeable_by_gate
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.opened_needs import opened_codes
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies import operating_rules
from domain.booking import rejections, states
from domain.booking import seats as booking_seats
from domain.booking.coupons import CouponStatus
from domain.booking.passenger_details import NOTHING_OPENED, OpenedCodes
from domain.booking.state import Booking
from domain.booking.values import SeatChoice
from domain.identity import roles
from domain.inventory import seat_map, seating
from domain.inventory.events import Place
from domain.inventory.state import Flight, FlightStatus
from domain.pricing.extras import SEAT_EXTRAS


@stored_answer_first
async def choose_seats(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    *,
    segment: int,
    seats: Sequence[tuple[int, str]],
) -> BookingDetails:
    """Choose seats on one flight of the journey; `seats` pairs passengers with seats like `12A`.

    The gate gives any free seat without charge.
    """
    booking_id, booking = await changeable_by_gate(ports, caller.principal, id_or_reference)
    places = tuple(Place(passenger, seat) for passenger, seat in seats)
    at_gate = roles.may(caller.principal.role, "handle_passengers")
    codes = await opened_codes(ports.vault, [booking])
    command = ChooseSeats(booking_id, segment, places, at_gate=at_gate, codes=codes)
    return await carry_out_and_read(ports, caller, command)


class ChooseSeats(Command, frozen=True):
    """`places` on one segment. Plain seats are free; others need the extra that was bought.

    `codes` are the opened ones of special services: without its code a service bars an exit seat.
    """

    booking_id: str
    segment: int
    places: tuple[Place, ...]
    at_gate: bool = False
    codes: OpenedCodes = NOTHING_OPENED

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, NoSuchPart, CouponNotOpen, SeatUnknown, SeatNotAllowed and
        SeatTaken.
        """
        booking = journey.load(context, self.booking_id)
        if not 0 <= self.segment < len(booking.segments):
            raise rejections.NoSuchPart(field="segment", segment=self.segment)
        choices = tuple(
            SeatChoice(place.passenger, self.segment, place.seat) for place in self.places
        )
        segment = booking.segments[self.segment]
        flight = journey.load_flight(context, segment.flight)
        chosen = booking_seats.choose_seats(
            booking,
            seats=choices,
            facts=journey.facts_of(flight),
            window=operating_rules.check_in_window(context, flight),
            now=context.now,
        )
        context.record(self.booking_id, chosen)
        for place in () if self.at_gate else self.places:
            _require_bought(booking, flight, self.segment, place)
        seat_needs.assign(
            context,
            self.booking_id,
            segment=self.segment,
            seats=[(place.passenger, place.seat) for place in self.places],
            codes=self.codes,
        )
        return Reply(self.booking_id)


def _require_bought(booking: Booking, flight: Flight, segment: int, place: Place) -> None:
    layout = flight.cabins[booking.segments[segment].cabin].layout
    if layout is None or place.seat not in seat_map.seats(layout):
        return  # `seating.assign` rejects it
    coupon = booking.coupon(place.passenger, segment)
    if coupon is not None and coupon.standby:
        return  # The airline lost the seat: any other is free.
    code = SEAT_EXTRAS.get(seat_map.category(layout, place.seat))
    bought = {
        extra.code
        for extra in booking.extras
        if (extra.passenger, extra.segment) == (place.passenger, segment)
    }
    kept = bought & set(SEAT_EXTRAS.values())
    if kept and code not in kept and booking.status not in states.TICKETED:
        # Without tickets the price is as it was quoted: it includes the paid seat.
        raise rejections.NoSuchPart(field="seats", reason="seat_of_another_kind", seat=place.seat)
    if code is not None and code not in bought:
        raise rejections.NoSuchPart(
            field="seats", reason="seat_is_sold_as_an_extra", extra=code, seat=place.seat
        )


class ReviewSeats(Command, frozen=True):
    """Remove the booking's seats that no longer exist after a change of aircraft.

    Passengers who have checked in get other seats of their cabin, or are on standby.
    """

    booking_id: str
    flight_id: str
    reason: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound; where no seat is lost, records nothing."""
        booking = journey.load(context, self.booking_id)
        flight = journey.load_flight(context, self.flight_id)
        lost = tuple(
            SeatChoice(coupon.passenger, coupon.segment, coupon.seat)
            for coupon in booking.coupons
            if coupon.seat is not None
            and coupon.status in {CouponStatus.OPEN, CouponStatus.CHECKED_IN}
            and booking.segments[coupon.segment].flight == self.flight_id
            and not flight.has_seat(self.booking_id, coupon.passenger, coupon.seat)
        )
        removed = booking_seats.lose_seats(booking, seats=lost, reason=self.reason)
        context.record(self.booking_id, removed)
        refund = paid_seats.restore(
            context,
            self.booking_id,
            reason=self.reason,
            segments=[
                index
                for index, each in enumerate(booking.segments)
                if each.flight == self.flight_id
            ],
        )
        for choice in _other_seats(context, self):
            given = booking_seats.give_seats(
                journey.load(context, self.booking_id), seats=(choice,)
            )
            context.record(self.booking_id, given)
            seat_needs.assign(
                context,
                self.booking_id,
                segment=choice.segment,
                seats=[(choice.passenger, choice.seat)],
            )
        after = journey.load(context, self.booking_id)
        if after != booking:
            context.enqueue(letters.seat_letter(self.booking_id, refund=refund, now=context.now))
        return Reply(self.booking_id)


def _other_seats(context: DecisionContext, command: ReviewSeats) -> list[SeatChoice]:
    """Return free seats for the passengers on standby, as far as there are any."""
    booking = journey.load(context, command.booking_id)
    flight = journey.load_flight(context, command.flight_id)
    standby = [
        each
        for each in booking.open_coupons()
        if each.standby and booking.segments[each.segment].flight == command.flight_id
    ]
    if not standby or flight.status is not FlightStatus.SCHEDULED:
        return []
    segment = standby[0].segment
    given = seating.automatic_seats(
        flight,
        booking.segments[segment].cabin,
        seat_needs.needs_of(booking, segment, [each.passenger for each in standby]),
        booking=command.booking_id,
    )
    return [SeatChoice(passenger, segment, seat) for passenger, seat in given.items()]
