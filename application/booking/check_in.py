"""Check passengers in, and board them: the flight assigns seats and sequence numbers."""

from application.booking import journey
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import check_in, preconditions
from domain.booking.preconditions import CheckInWindow
from domain.booking.state import Booking
from domain.booking.values import BoardingPlace
from domain.inventory import seating
from domain.pricing.price import TAKES_SEAT


class CheckIn(Command, frozen=True):
    """Passengers (None: all who are not yet) on a segment; their documents were inspected."""

    booking_id: str
    segment: int
    passengers: tuple[int, ...] | None
    window: CheckInWindow = CheckInWindow()

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, TransitionRefused, NoSuchPart, CheckInClosed, CouponNotOpen
        and NoSeatLeft; checked in already records nothing.
        """
        booking = journey.load(context, self.booking_id)
        facts = journey.facts(context, booking)
        preconditions.require_segment(booking, self.segment)
        passengers = check_in.passengers_to_check_in(booking, self.segment, self.passengers)
        if not passengers and check_in.has_check_ins(booking, self.segment):
            return Reply(self.booking_id)
        check_in.require_check_in(
            booking, self.segment, facts[self.segment], window=self.window, now=context.now
        )
        checked_in = check_in.check_in(
            booking,
            segment=self.segment,
            places=_assigned_places(context, self, booking, passengers),
            facts=facts[self.segment],
            window=self.window,
            now=context.now,
        )
        context.record(self.booking_id, checked_in)
        return Reply(self.booking_id)


def _assigned_places(
    context: DecisionContext, command: CheckIn, booking: Booking, passengers: tuple[int, ...]
) -> tuple[BoardingPlace, ...]:
    """Let the flight accept the passengers; their seats and sequence numbers."""
    segment = booking.segments[command.segment]
    accepted = seating.accept_check_in(
        journey.load_flight(context, segment.flight),
        booking=command.booking_id,
        passengers=tuple((each, TAKES_SEAT[booking.passengers[each].type]) for each in passengers),
        cabin=segment.cabin,
    )
    context.record(segment.flight, accepted)
    flight = journey.load_flight(context, segment.flight)
    assigned = {each.passenger: each for each in flight.sequences.get(command.booking_id) or ()}
    return tuple(
        BoardingPlace(each, assigned[each].seat, assigned[each].sequence) for each in passengers
    )


class Board(Command, frozen=True):
    """Passengers (None: all who are checked in) go on board."""

    booking_id: str
    segment: int
    passengers: tuple[int, ...] | None

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, TransitionRefused, NoSuchPart, BoardingClosed and
        CouponNotOpen.
        """
        booking = journey.load(context, self.booking_id)
        preconditions.require_segment(booking, self.segment)
        flight = journey.load_flight(context, booking.segments[self.segment].flight)
        boarded = check_in.board(
            booking,
            segment=self.segment,
            passengers=self.passengers,
            facts=journey.facts_of(flight),
            now=context.now,
        )
        context.record(self.booking_id, boarded)
        return Reply(self.booking_id)
