"""The airline cancels or moves a flight: each booking is told, and answers."""

import msgspec

from application.booking import cancel_booking, journey, letters
from application.orders import Decision
from application.planning import Reading
from domain.booking import cancellation, guards
from domain.booking import disruption as decisions
from domain.booking.events import BookingEvent, DisruptionKind, DisruptionOffered, NewTimes
from domain.booking.state import Booking, evolve
from domain.booking.states import Status
from domain.inventory.state import Flight

FLIGHT_CANCELLED = "flight_cancelled"
DISRUPTION_REFUND = "disruption_refund"


class TellDisruption(msgspec.Struct, frozen=True):
    """What happened to a flight, for one booking on it; `times` where it was moved."""

    booking: str
    flight: str
    kind: DisruptionKind
    reason: str
    material: bool
    times: NewTimes | None = None

    @property
    def hints(self) -> tuple[str, ...]:
        """Booking and flight."""
        return (self.booking, self.flight)


def tell_disruption(command: TellDisruption, reading: Reading) -> Decision:
    """Rejects BookingNotFound. A ticketed booking is offered its choices and written to; one that
    is not yet paid has nothing left to wait for on a cancelled flight.
    """
    booking = journey.load(reading, command.booking)
    segment = next(
        (i for i, each in enumerate(booking.segments) if each.flight == command.flight), None
    )
    if segment is None:
        return Decision(answer_stream=command.booking)
    if command.kind == "cancelled" and booking.status in guards.UNPAID | {Status.PAID}:
        return _give_up(command.booking, booking, reading)
    offered = decisions.offer(
        booking,
        segment=segment,
        flight=command.flight,
        kind=command.kind,
        reason=command.reason,
        material=command.material,
        times=command.times,
    )
    flight = journey.load_flight(reading, command.flight)
    return Decision(
        answer_stream=command.booking,
        events=journey.merged([(command.booking, offered)]),
        outbox=tuple(letter(command.booking, each, flight) for each in offered),
    )


def letter(stream: str, offered: DisruptionOffered, flight: Flight) -> letters.DisruptionLetter:
    """Return the letter that says what happened and what the passengers may choose."""
    departs_at = flight.departs_at if offered.times is None else offered.times.departs_at
    return letters.DisruptionLetter(
        booking_id=stream,
        about=f"{offered.segment}-{offered.kind}-{departs_at:%Y%m%dT%H%M}",
        reason=offered.reason,
    )


def _give_up(stream: str, booking: Booking, reading: Reading) -> Decision:
    """Not ticketed: what was paid goes back whole, unless it does already."""
    if booking.obligations:
        return Decision(answer_stream=stream)
    paid = booking.captured.amount if booking.captured is not None else 0
    obligation = cancellation.obligation_of(booking, stream, paid)
    cancelled = cancellation.cancel(
        booking,
        coupons=booking.coupons,
        reason=FLIGHT_CANCELLED,
        fee=0,
        destination="card" if paid else "none",
        obligation=obligation,
        entry=cancel_booking.cancellation_entry(
            stream, booking, booking.coupons, fee=0, obligation=obligation, now=reading.now
        ),
    )
    released = journey.holds_released(reading, stream, booking, FLIGHT_CANCELLED)
    return Decision(answer_stream=stream, events=((stream, cancelled), *journey.merged(released)))


class AcceptDisruption(msgspec.Struct, frozen=True):
    """The passengers stay with the flight as it is now."""

    booking: str
    segment: int

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking."""
        return (self.booking,)


def accept_disruption(command: AcceptDisruption, reading: Reading) -> Decision:
    """Rejects BookingNotFound and NothingToAnswer; a cancelled flight cannot be accepted."""
    booking = journey.load(reading, command.booking)
    guards.require_answer(booking, command.segment)
    guards.require_operating(journey.facts(reading, booking), command.segment)
    answered = decisions.answer(booking, segment=command.segment, answer="accepted")
    return Decision(answer_stream=command.booking, events=((command.booking, answered),))


class RefundDisruption(msgspec.Struct, frozen=True):
    """The passengers end the contract: everything still to be flown goes back, without a fee."""

    booking: str
    segment: int

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.booking,)


def refund_disruption(command: RefundDisruption, reading: Reading) -> Decision:
    """Rejects BookingNotFound, NothingToAnswer, CouponNotOpen (on board) and ChangeUnderWay."""
    stream = command.booking
    booking = journey.load(reading, stream)
    if booking.status is Status.CANCELLED:
        return Decision(answer_stream=stream)
    guards.require_segment(booking, command.segment)
    facts = journey.facts(reading, booking)[command.segment]
    guards.require_release(booking, command.segment, facts)
    answered = decisions.answer(booking, segment=command.segment, answer="refunded")
    coupons = tuple(
        coupon for coupon in booking.open_coupons() if coupon.segment >= command.segment
    )
    obligation = cancellation.obligation_of(
        booking, stream, journey.value_of(booking, coupons).total
    )
    cancelled = cancellation.cancel(
        _after(booking, answered),
        coupons=coupons,
        reason=DISRUPTION_REFUND,
        fee=0,
        destination="card",
        obligation=obligation,
        entry=cancel_booking.cancellation_entry(
            stream, booking, coupons, fee=0, obligation=obligation, now=reading.now
        ),
        # Whoever sits in an aircraft that does not leave may go; who flies with it may not.
        at_gate=facts.cancelled,
    )
    released = journey.given_back(reading, stream, booking, coupons, DISRUPTION_REFUND)
    return Decision(
        answer_stream=stream,
        events=((stream, [*answered, *cancelled]), *journey.merged(released)),
    )


def _after(booking: Booking, events: list[BookingEvent]) -> Booking:
    for event in events:
        booking = evolve(booking, event)
    return booking
