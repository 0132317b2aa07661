"""Modify one segment of a ticketed booking at the terms of an accepted quote.

More expensive: the new seats are held until the difference is paid; unpaid, the booking is as
before. Otherwise the segment is exchanged at once, and the fare class decides where the difference
is refunded to.
"""

import datetime as dt

from application.booking import complete_modification, journey, quote_modification
from application.booking.access import changeable_by_gate
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.ports import BookingPorts
from application.booking.quote_modification import ModificationQuote
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies import operating_rules
from application.pricing import journeys
from application.pricing.signed_quotes import QuoteExpired, QuoteRefused
from domain.booking import disruption, rejections, sale
from domain.booking import modification as booking_modification
from domain.booking.coupons import Coupon
from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.booking.values import Modification
from domain.inventory import seat_sale


@stored_answer_first
async def modify_booking(
    ports: BookingPorts, caller: Caller, id_or_reference: str, *, quote_id: str
) -> BookingDetails:
    """Modify a booking at the quoted terms, or hold the new seats until the difference is paid.

    Rejects BookingNotFound, NotAllowed, QuoteRefused and what the command does.
    """
    booking_id, booking = await changeable_by_gate(ports, caller.principal, id_or_reference)
    command = await accepted_modification(ports, caller, booking_id, booking, quote_id=quote_id)
    with await ports.unpaid_seats.take(caller, unpaid_places(command, booking)):
        return await carry_out_and_read(ports, caller, command)


def unpaid_places(command: "ModifyBooking", booking: Booking) -> int:
    """Return how many seats the modification holds until it is paid."""
    modification = command.quote.modification
    if modification.due == 0 or booking.modification is not None:
        return 0
    return journey.seats_of(booking, booking.open_coupons(modification.segment))


async def accepted_modification(
    ports: BookingPorts, caller: Caller, booking_id: str, booking: Booking, *, quote_id: str
) -> "ModifyBooking":
    """Return the command for a quoted modification of this booking; rejects QuoteRefused.

    Draws serials for the new tickets where they are issued at once.
    """
    quote = ports.quotes.accept(quote_id, ModificationQuote)
    if quote.booking != booking_id:
        raise QuoteRefused(field="quoteId", reason="belongs to another booking")
    serials: list[int] = []
    if quote.modification.due == 0:
        serials = await ports.stock.draw(len(booking.passengers))
    return ModifyBooking(
        quote=quote,
        airline_code=ports.airline_code,
        serials=tuple(serials),
        unpaid_limit=ports.unpaid_seats.of_flight(caller) if quote.modification.due else None,
    )


class ModifyBooking(Command, frozen=True):
    """`quote` was signed by our server; `serials` are for new tickets where nothing is due.

    `unpaid_limit` is what the owner may hold of a flight without having paid.
    """

    quote: ModificationQuote
    airline_code: str
    serials: tuple[int, ...]
    unpaid_limit: int | None = None

    @property
    def streams(self) -> tuple[str, ...]:
        """Booking and new flight."""
        return (self.quote.booking, self.quote.modification.to.flight)

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, QuoteExpired, SeatsUnavailable, TooManyUnpaidSeats and what
        `modification_quote` does.
        """
        modification, booking_id = self.quote.modification, self.quote.booking
        booking = journey.load(context, booking_id)
        if booking.modification == modification or _is_done(booking, modification):
            return Reply(booking_id)
        coupons = _quoted_coupons(self.quote, booking, now=context.now)
        _require_journey(context, booking, modification)
        old = journey.load_flight(context, booking.segments[modification.segment].flight)
        facts = journey.facts_of(old)
        booking_modification.require_modifiable(
            booking,
            modification.segment,
            facts,
            now=context.now,
            waived=modification.waiver is not None,
        )
        until = context.now + operating_rules.hold_times(context).hold
        new = journey.load_flight(context, modification.to.flight)
        held = seat_sale.hold(
            new,
            booking=booking_id,
            cabin=modification.to.cabin,
            fare_class=modification.to.fare_class,
            seat_count=journey.seats_of(booking, coupons),
            infants=journey.infants_of(booking, coupons),
            until=until,
            limits=operating_rules.sale_limits(context, new),
            now=context.now,
            owner=booking.owner,
            unpaid_limit=self.unpaid_limit,
        )
        context.record(modification.to.flight, held)
        if modification.due:
            accepted = booking_modification.accept(
                booking, modification=modification, facts=facts, hold_until=until, now=context.now
            )
            context.record(booking_id, accepted)
            return Reply(booking_id)
        context.record(booking_id, _answered(booking, modification.segment))
        complete_modification.exchange_seats(context, booking_id, booking, modification)
        tickets = complete_modification.new_tickets(self.airline_code, self.serials, coupons)
        complete_modification.complete(context, booking_id, booking, modification, tickets)
        return Reply(booking_id)


def _quoted_coupons(
    quote: ModificationQuote, booking: Booking, *, now: dt.datetime
) -> tuple[Coupon, ...]:
    """Return the coupons to exchange, unchanged since the quote; rejects QuoteExpired."""
    if booking.modification_count >= quote.modification.number:
        raise QuoteExpired(reason="booking_changed")
    if quote.valid_until <= now:
        raise QuoteExpired()
    if quote_modification.basis_of(booking) != quote.basis:
        raise QuoteExpired(reason="booking_changed")
    return booking.open_coupons(quote.modification.segment)


def _require_journey(
    context: DecisionContext, booking: Booking, modification: Modification
) -> None:
    """Require that the flights still follow each other as when quoted; otherwise QuoteExpired."""
    names = [each.flight for each in booking.segments]
    names[modification.segment] = modification.to.flight
    legs = [journeys.leg_of(journey.load_flight(context, name)) for name in names]
    try:
        sale.require_valid_journey(
            list(zip(names, legs, strict=True)), surface_sectors=range(len(legs))
        )
    except rejections.InvalidJourney:
        raise QuoteExpired(reason="flights_moved") from None


def _is_done(booking: Booking, modification: Modification) -> bool:
    """Whether a modification of this number was completed to the same flight and cabin."""
    moved = booking.segments[modification.segment] == modification.to
    return (
        booking.modification is None and booking.modification_count >= modification.number and moved
    )


def _answered(booking: Booking, segment: int) -> list[BookingEvent]:
    """Record the modification as the answer to an open disruption of the segment."""
    if all(each.segment != segment for each in booking.disruptions):
        return []
    return disruption.answer(booking, segment=segment, answer="moved")
