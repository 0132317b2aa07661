"""What becomes of an accepted change: completed when its money has come, or lapsed."""

import msgspec

from application.booking import disruption, journey, letters
from application.orders import Decision
from application.planning import Reading
from domain.booking import cancellation, rejections
from domain.booking import change as change_decisions
from domain.booking import disruption as disruption_decisions
from domain.booking.coupons import Coupon
from domain.booking.events import BookingEvent, Change, DisruptionOffered, Ticket
from domain.booking.state import Booking, evolve
from domain.inventory import decisions as flight_decisions
from domain.inventory.events import FlightEvent
from domain.inventory.state import Flight, FlightStatus
from domain.inventory.state import evolve as evolve_flight
from domain.kernel import ids
from domain.ledger import carriage

Exchange = list[tuple[str, list[FlightEvent]]]


class CompleteChange(msgspec.Struct, frozen=True):
    """The money of an accepted change has come: exchange the segment."""

    booking: str
    airline_code: str
    serials: tuple[int, ...]

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.booking,)


def complete_change(command: CompleteChange, reading: Reading) -> Decision:
    """Rejects BookingNotFound and NoChangeUnderWay (unpaid); completed already records nothing."""
    stream = command.booking
    booking = journey.load(reading, stream)
    change = booking.change
    if change is None:
        return Decision(answer_stream=stream)
    if not booking.change_paid:
        raise rejections.NoChangeUnderWay(reason="unpaid")
    exchanged = exchange(reading, stream, booking, change, held=[])
    numbers = new_tickets(
        command.airline_code, command.serials, booking.open_coupons(change.segment)
    )
    completed = completion(reading, stream, booking, change, numbers)
    flight = journey.load_flight(reading, change.to.flight)
    offered = _told(booking, completed, change, flight)
    return Decision(
        answer_stream=stream,
        events=((stream, [*completed, *offered]), *journey.merged(exchanged)),
        outbox=(
            letter(stream, change),
            *(disruption.letter(stream, each, flight) for each in offered),
        ),
    )


def _told(
    booking: Booking, completed: list[BookingEvent], change: Change, flight: Flight
) -> list[DisruptionOffered]:
    """Paid for a flight that was cancelled meanwhile: the choices come with it."""
    if flight.status is not FlightStatus.CANCELLED:
        return []
    for event in completed:
        booking = evolve(booking, event)
    return disruption_decisions.offer(
        booking,
        segment=change.segment,
        flight=change.to.flight,
        kind="cancelled",
        reason=disruption.FLIGHT_CANCELLED,
        material=True,
    )


def letter(stream: str, change: Change) -> letters.ChangeLetter:
    """Return the letter to the passengers about their new flight."""
    return letters.ChangeLetter(booking_id=stream, about=str(change.number))


def exchange(
    reading: Reading,
    stream: str,
    booking: Booking,
    change: Change,
    *,
    held: list[FlightEvent],
) -> Exchange:
    """New seats sold, old ones back on sale: on one flight when only the cabin changes."""
    coupons = booking.open_coupons(change.segment)
    new = journey.load_flight(reading, change.to.flight)
    for event in held:
        new = evolve_flight(new, event)
    old_name = booking.segments[change.segment].flight
    if old_name == change.to.flight:
        return [(old_name, [*held, *_swap(new, stream, booking, coupons)])]
    sold = flight_decisions.sell(new, booking=stream)
    returned = journey.given_back(reading, stream, booking, coupons, "exchanged")
    return [(change.to.flight, [*held, *sold]), *returned]


def _swap(
    flight: Flight, stream: str, booking: Booking, coupons: tuple[Coupon, ...]
) -> list[FlightEvent]:
    """Within one flight the old block goes first: a booking has one block of sold seats."""
    returned = flight_decisions.give_back(
        flight,
        booking=stream,
        passengers=tuple(coupon.passenger for coupon in coupons),
        seat_count=journey.seats_of(booking, coupons),
        reason="exchanged",
    )
    for event in returned:
        flight = evolve_flight(flight, event)
    return [*returned, *flight_decisions.sell(flight, booking=stream)]


def completion(
    reading: Reading,
    stream: str,
    booking: Booking,
    change: Change,
    tickets: tuple[Ticket, ...],
) -> list[BookingEvent]:
    """What a completed change does to the booking, with its entry."""
    coupons = booking.open_coupons(change.segment)
    before = carriage.Value(
        booking.currency,
        fare=sum(each.fare for each in coupons),
        vat=sum(each.vat for each in coupons),
        charge=sum(each.charge for each in coupons),
    )
    after = carriage.Value(
        booking.currency,
        fare=sum(each.fare for each in change.coupons),
        vat=sum(each.vat for each in change.coupons),
        charge=sum(each.charge for each in change.coupons),
    )
    to_card = change.back if change.destination == "card" else 0
    entry = carriage.exchange_entry(
        carriage.Posted(stream, tuple(ticket.number for ticket in tickets), reading.now),
        before=before,
        after=after,
        due=change.due,
        refund=to_card,
        credit=change.back - to_card,
    )
    return change_decisions.complete(
        booking,
        change=change,
        tickets=tickets,
        entry=entry,
        obligation=cancellation.obligation_of(booking, stream, to_card),
    )


def new_tickets(
    airline_code: str, serials: tuple[int, ...], coupons: tuple[Coupon, ...]
) -> tuple[Ticket, ...]:
    """A ticket for each who flies the exchanged segment."""
    return tuple(
        Ticket(coupon.passenger, ids.ticket_number(airline_code, serial))
        for coupon, serial in zip(coupons, serials, strict=False)
    )


class ExpireChange(msgspec.Struct, frozen=True):
    """The money of an accepted change never came; Stripe has been asked."""

    booking: str
    reason: str

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.booking,)


def expire_change(command: ExpireChange, reading: Reading) -> Decision:
    """Rejects BookingNotFound, HoldStillRuns and NoChangeUnderWay (paid meanwhile)."""
    booking = journey.load(reading, command.booking)
    expired = change_decisions.expire(booking, reason=command.reason, now=reading.now)
    return _given_up(command.booking, booking, expired, command.reason, reading)


class AbandonChange(msgspec.Struct, frozen=True):
    """The travellers do not want an unpaid change any more; its session has been ended."""

    booking: str

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.booking,)


def abandon_change(command: AbandonChange, reading: Reading) -> Decision:
    """Rejects BookingNotFound and NoChangeUnderWay (none, or paid meanwhile)."""
    booking = journey.load(reading, command.booking)
    abandoned = change_decisions.abandon(booking)
    return _given_up(command.booking, booking, abandoned, change_decisions.ABANDONED, reading)


def _given_up(
    stream: str, booking: Booking, events: list[BookingEvent], reason: str, reading: Reading
) -> Decision:
    """The new seats go back on sale with it; the old ones were never touched."""
    if not events:
        return Decision(answer_stream=stream)
    assert booking.change is not None
    name = booking.change.to.flight
    flight = journey.load_flight(reading, name)
    released = flight_decisions.release_hold(flight, booking=stream, reason=reason)
    return Decision(
        answer_stream=stream,
        events=((stream, events), *journey.merged([(name, released)])),
    )
