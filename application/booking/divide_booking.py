"""Divide a booking: passengers leave for a booking of their own, with a reference of its own.

Airlines call it a split PNR. From then on everything that exists works for the passengers by
themselves: a change, with or without a waiver, cancellation, check-in, letters.
"""

from application.booking import journey, letters, paid_seats
from application.booking.access import changeable_by_gate
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.cancel_booking import PARTY_CHANGED
from application.booking.create_booking import begin_booking
from application.booking.people import sealed_beside
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import division
from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.division_events import FlownValue
from domain.booking.state import Booking, coupon_key
from domain.inventory import seat_sale
from domain.inventory.events import MovedPassenger
from domain.kernel import money
from domain.kernel.sealed import Sealed
from domain.ledger.carriage import Posted, Value
from domain.ledger.division import entering_entry, leaving_entry


@stored_answer_first
async def divide_booking(
    ports: BookingPorts, caller: Caller, id_or_reference: str, *, passengers: tuple[int, ...]
) -> BookingDetails:
    """Divide the booking and return the new one, of the same owner.

    By the owner, staff who may change any booking, and the gate. Rejects BookingNotFound,
    NotAllowed and what the command does.
    """
    booking_id, booking = await changeable_by_gate(ports, caller.principal, id_or_reference)
    leaving = tuple(sorted(set(passengers)))
    new, left = await _contacts(ports, booking, leaving)
    command = DivideBooking(
        booking_id=booking_id, passengers=leaving, contact=new, contact_left=left
    )
    return await carry_out_and_read(ports, caller, command)


async def _contacts(
    ports: BookingPorts, booking: Booking, leaving: tuple[int, ...]
) -> tuple[Sealed | None, Sealed | None]:
    """Return the contact under the key of a passenger who leaves, and of one who stays, so that
    each booking can be written to when the passengers of the other are erased.

    None where one has been erased already, where there is no such passenger, or where those who
    stay have it under a key of theirs.
    """
    ahead = sorted({each.passenger for each in booking.open_coupons()})
    staying = [each for each in ahead if each not in leaving]
    (text,) = await ports.vault.open_all([booking.contact])
    if text is None or not staying or not leaving or not set(leaving) <= set(ahead):
        return None, None
    gone = {booking.passengers[each].name.subject for each in leaving}
    new = await sealed_beside(ports.vault, booking.passengers[leaving[0]].name, text)
    if booking.contact.subject not in gone:
        return new, None
    return new, await sealed_beside(ports.vault, booking.passengers[staying[0]].name, text)


class DivideBooking(Command, frozen=True):
    """`passengers`, each once and in order, leave the booking; `contact` is for the new one,
    `contact_left` for the one that is left, None for the same box.
    """

    booking_id: str
    passengers: tuple[int, ...]
    contact: Sealed | None = None
    contact_left: Sealed | None = None

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound and what `division.require_division` does.

        The answer is the new booking.
        """
        booking = journey.load(context, self.booking_id)
        facts = journey.facts(context, booking)
        division.require_division(booking, self.passengers, facts)
        flights = [journey.load_flight(context, each.flight) for each in booking.segments]
        into = begin_booking(context, flights=flights)
        coupons = division.moving(booking, self.passengers)
        ahead, flown = _worth(booking, coupons)
        amount = money.Money(ahead.total + flown.total, booking.currency)
        divided = division.divide(
            booking,
            passengers=self.passengers,
            into=into,
            amount=amount,
            contact=self.contact_left,
            flown=_flown(booking, coupons),
            entry=leaving_entry(
                _posted(context, self, booking, self.booking_id), ahead=ahead, flown=flown
            ),
        )
        begun = division.divide_off(
            booking,
            source=self.booking_id,
            passengers=self.passengers,
            contact=self.contact or booking.contact,
            amount=amount,
            entry=entering_entry(_posted(context, self, booking, into), ahead=ahead, flown=flown),
        )
        context.record(self.booking_id, divided)
        context.record(into, begun)
        _move_seats(context, self, booking, coupons, into)
        for each in (self.booking_id, into):
            paid_seats.review_laps(context, each, reason=PARTY_CHANGED)
        context.enqueue(letters.DivisionLetter(booking_id=into, source=self.booking_id))
        return Reply(into)


def _worth(booking: Booking, coupons: tuple[Coupon, ...]) -> tuple[Value, Value]:
    """Return the value that is still to be flown, and that which is revenue already."""
    flown = [each for each in coupons if each.status is CouponStatus.FLOWN]
    ahead = [each for each in coupons if each.status is not CouponStatus.FLOWN]
    return journey.value_of(booking, ahead), journey.value_of(booking, flown)


def _posted(
    context: DecisionContext, command: DivideBooking, booking: Booking, booking_id: str
) -> Posted:
    """Return what the entry of either booking refers to: the tickets that move."""
    numbers = [each.number for each in booking.tickets if each.passenger in command.passengers]
    return Posted(booking=booking_id, references=tuple(numbers), now=context.now)


def _flown(booking: Booking, coupons: tuple[Coupon, ...]) -> tuple[FlownValue, ...]:
    """Return what goes of departures that may still be taken back for those who stay."""
    found = []
    for closing in booking.closings:
        closed = {coupon_key(each) for each in closing.coupons}
        gone = [
            each
            for each in coupons
            if each.status is CouponStatus.FLOWN and coupon_key(each) in closed
        ]
        if gone:
            value = journey.value_of(booking, gone)
            found.append(FlownValue(closing.segment, value.fare, value.ancillary))
    return tuple(found)


def _move_seats(
    context: DecisionContext,
    command: DivideBooking,
    booking: Booking,
    coupons: tuple[Coupon, ...],
    into: str,
) -> None:
    """Move the seats of these coupons to the new booking, flight by flight."""
    numbers = {passenger: index for index, passenger in enumerate(command.passengers)}
    for segment, each in enumerate(booking.segments):
        moved = [coupon for coupon in coupons if coupon.segment == segment]
        if not moved:
            continue
        divided = seat_sale.divide(
            journey.load_flight(context, each.flight),
            booking=command.booking_id,
            into=into,
            passengers=tuple(
                MovedPassenger(coupon.passenger, numbers[coupon.passenger]) for coupon in moved
            ),
            seat_count=journey.seats_of(booking, moved),
            infants=journey.infants_of(booking, moved),
        )
        context.record(each.flight, divided)
