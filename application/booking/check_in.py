"""Check passengers in, undo it, and board them: the flight assigns seats and sequence numbers."""

from collections.abc import Sequence

import msgspec

from application.booking import journey, letters, paid_seats, seat_needs
from application.booking.access import changeable_booking, visible_booking
from application.booking.booking_details import BookingDetails, booked_flight, carry_out_and_read
from application.booking.channels import channel_of
from application.booking.opened_needs import opened_codes
from application.booking.ports import BookingPorts
from application.booking.record_document import sector_of
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies import operating_rules
from domain.booking import (
    ages,
    check_in,
    check_in_undo,
    preconditions,
    rejections,
    travel_documents,
)
from domain.booking.passenger_details import NOTHING_OPENED, OpenedCodes
from domain.booking.state import Booking
from domain.booking.travel_documents import TravelDocument
from domain.booking.values import Channel, CheckedInPassenger
from domain.identity import roles
from domain.inventory import seating
from domain.inventory.state import Flight
from domain.pricing.price import TAKES_SEAT

# Why a paid seat is lost that its passenger may not sit in any more.
EXCHANGED = "exchanged_at_check_in"


@stored_answer_first
async def check_in_passengers(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    *,
    segment: int,
    passengers: tuple[int, ...] | None,
) -> BookingDetails:
    """Inspect documents, then check in passengers (None: all who are not yet) on a segment.

    Rejects BookingNotFound, NotAllowed, DocumentMissing and what the command does.
    """
    booking_id, booking = await changeable_booking(
        ports, caller.principal, id_or_reference, by_staff="handle_passengers"
    )
    flight = await booked_flight(ports, booking, segment)
    waiting = check_in.passengers_to_check_in(booking, segment, passengers)
    await _inspect_documents(ports, booking, flight, segment, waiting)
    command = CheckIn(
        booking_id=booking_id,
        segment=segment,
        passengers=passengers,
        channel=channel_of(caller.principal),
        codes=await opened_codes(ports.vault, [booking]),
    )
    return await carry_out_and_read(ports, caller, command)


async def _inspect_documents(
    ports: BookingPorts, booking: Booking, flight: Flight, segment: int, passengers: Sequence[int]
) -> None:
    """Require a valid document on international flights; on domestic ones a recorded one is valid.

    Documents are opened here and stored nowhere. Rejects DocumentMissing.
    """
    boxes = [(index, box) for index in passengers if (box := booking.documents[index]) is not None]
    texts = await ports.vault.open_all([box for _, box in boxes])
    opened = {
        index: msgspec.json.decode(text, type=TravelDocument)
        for (index, _), text in zip(boxes, texts, strict=True)
        if text is not None
    }
    sector = sector_of(flight, ports.airports)
    for index in passengers:
        document = opened.get(index)
        if document is None:
            if not sector.domestic:
                raise rejections.DocumentMissing(passenger=index, reason="missing")
            continue
        problem = ages.problem_on(
            booking, index, document.birth_date, segment=segment
        ) or travel_documents.problem_on(document, sector, segment=segment)
        if problem is not None:
            raise travel_documents.refusal(problem, passenger=index)


class CheckIn(Command, frozen=True):
    """Passengers (None: all who are not yet) on a segment; their documents were inspected.

    `codes` are the opened ones of special services.
    """

    booking_id: str
    segment: int
    passengers: tuple[int, ...] | None
    channel: Channel | None = None
    codes: OpenedCodes = NOTHING_OPENED

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, TransitionRefused, NoSuchPart, CheckInClosed and CouponNotOpen;
        checked in already records nothing. Who finds no seat left is on standby.
        """
        booking = journey.load(context, self.booking_id)
        facts = journey.facts(context, booking)
        preconditions.require_segment(booking, self.segment)
        passengers = check_in.passengers_to_check_in(booking, self.segment, self.passengers)
        if not passengers and check_in.has_check_ins(booking, self.segment):
            return Reply(self.booking_id)
        flight = journey.load_flight(context, booking.segments[self.segment].flight)
        window = operating_rules.check_in_window(context, flight)
        check_in.require_check_in(
            booking, self.segment, facts[self.segment], window=window, now=context.now
        )
        checked_in = check_in.check_in(
            booking,
            segment=self.segment,
            places=_assigned_places(context, self, booking, passengers),
            facts=facts[self.segment],
            window=window,
            now=context.now,
        )
        context.record(self.booking_id, checked_in)
        _restore_exchanged(context, self.booking_id, booking, self.segment)
        return Reply(self.booking_id)


def _restore_exchanged(
    context: DecisionContext, booking_id: str, before: Booking, segment: int
) -> None:
    """Give back what was paid for seats that did not fit any more and were exchanged, with a
    letter.
    """
    seats = {each.passenger: each.seat for each in before.open_coupons(segment) if each.seat}
    exchanged = {
        each.passenger
        for each in journey.load(context, booking_id).open_coupons(segment)
        if seats.get(each.passenger, each.seat) != each.seat
    }
    if exchanged:
        refund = paid_seats.restore(
            context, booking_id, reason=EXCHANGED, segments=[segment], passengers=exchanged
        )
        context.enqueue(letters.seat_letter(booking_id, refund=refund, now=context.now))


def _assigned_places(
    context: DecisionContext, command: CheckIn, booking: Booking, passengers: tuple[int, ...]
) -> tuple[CheckedInPassenger, ...]:
    """Accept the passengers on the flight; return their seats and sequence numbers."""
    segment = booking.segments[command.segment]
    accepted = seating.accept_check_in(
        journey.load_flight(context, segment.flight),
        booking=command.booking_id,
        passengers=seat_needs.needs_of(booking, command.segment, passengers, command.codes),
        cabin=segment.cabin,
    )
    context.record(segment.flight, accepted)
    flight = journey.load_flight(context, segment.flight)
    waiting = {
        each
        for each in passengers
        if TAKES_SEAT[booking.passengers[each].type]
        and flight.cabins[segment.cabin].layout is not None
    }
    assigned = {each.passenger: each for each in flight.sequences.get(command.booking_id) or ()}
    return tuple(
        CheckedInPassenger(
            each,
            assigned[each].seat,
            assigned[each].sequence,
            command.channel,
            standby=assigned[each].seat is None and each in waiting,
        )
        for each in passengers
    )


@stored_answer_first
async def undo_check_in(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    *,
    segment: int,
    passengers: tuple[int, ...] | None,
) -> BookingDetails:
    """Undo the check-in of passengers (None: all who are checked in) on a segment.

    Rejects BookingNotFound, NotAllowed and what the command does.
    """
    booking_id, _ = await changeable_booking(
        ports, caller.principal, id_or_reference, by_staff="handle_passengers"
    )
    command = UndoCheckIn(
        booking_id=booking_id,
        segment=segment,
        passengers=passengers,
        at_gate=roles.may(caller.principal.role, "handle_passengers"),
    )
    return await carry_out_and_read(ports, caller, command)


class UndoCheckIn(Command, frozen=True):
    """Passengers (None: all who are checked in) on a segment; `at_gate` allows it for longer."""

    booking_id: str
    segment: int
    passengers: tuple[int, ...] | None
    at_gate: bool

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound and what `check_in_undo.undo_check_in` does; records nothing of
        passengers who are not checked in.
        """
        booking = journey.load(context, self.booking_id)
        preconditions.require_segment(booking, self.segment)
        flight_id = booking.segments[self.segment].flight
        flight = journey.load_flight(context, flight_id)
        undone = check_in_undo.undo_check_in(
            booking,
            segment=self.segment,
            passengers=self.passengers,
            facts=journey.facts_of(flight),
            window=operating_rules.check_in_window(context, flight),
            at_gate=self.at_gate,
            now=context.now,
        )
        context.record(self.booking_id, undone)
        for each in undone:
            withdrawn = seating.withdraw_check_in(
                flight, booking=self.booking_id, passengers=each.passengers
            )
            context.record(flight_id, withdrawn)
        return Reply(self.booking_id)


@stored_answer_first
async def board_passengers(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    *,
    segment: int,
    passengers: tuple[int, ...] | None,
) -> BookingDetails:
    """Board passengers (None: all who are checked in) on a segment.

    The caller's role was checked already. Rejects BookingNotFound and what the command does.
    """
    booking_id, _ = await visible_booking(ports, caller.principal, id_or_reference)
    command = Board(booking_id=booking_id, segment=segment, passengers=passengers)
    return await carry_out_and_read(ports, caller, command)


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
            window=operating_rules.check_in_window(context, flight),
            now=context.now,
        )
        context.record(self.booking_id, boarded)
        return Reply(self.booking_id)
