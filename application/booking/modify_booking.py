"""Change one segment of a ticketed booking at the terms of an accepted quote.

Dearer: the new seats are held and the difference is due first; nothing is lost if it never comes.
Not dearer: exchanged at once, and the difference goes back by the rule of the fare class.
"""

import msgspec

from application.booking import complete_change, journey
from application.booking.quote_modification import ModificationQuote
from application.orders import Decision
from application.planning import Reading
from application.pricing.signed_quotes import QuoteExpired
from domain.booking import change as change_decisions
from domain.booking import disruption, guards
from domain.booking.events import BookingEvent, Change
from domain.booking.state import Booking
from domain.inventory import decisions as flight_decisions
from domain.inventory import rules as flight_rules


class ModifyBooking(msgspec.Struct, frozen=True):
    """`quote` was signed by this house; `serials` are for new tickets where nothing is due."""

    quote: ModificationQuote
    airline_code: str
    serials: tuple[int, ...]

    @property
    def hints(self) -> tuple[str, ...]:
        """Booking and new flight."""
        return (self.quote.booking, self.quote.change.to.flight)


def modify_booking(command: ModifyBooking, reading: Reading) -> Decision:
    """Rejects BookingNotFound, QuoteExpired, SeatsUnavailable and what the quote would by now."""
    quote = command.quote
    change = quote.change
    stream = quote.booking
    booking = journey.load(reading, stream)
    if booking.change == change or _is_done(booking, change):
        return Decision(answer_stream=stream)
    if booking.change_count >= change.number:
        raise QuoteExpired(reason="booking_changed")
    if quote.valid_until <= reading.now:
        raise QuoteExpired()
    coupons = booking.open_coupons(change.segment)
    if tuple((each.passenger, each.total) for each in coupons) != quote.basis:
        raise QuoteExpired(reason="booking_changed")
    old = journey.load_flight(reading, booking.segments[change.segment].flight)
    guards.require_change(booking, change.segment, journey.facts_of(old), now=reading.now)
    new = journey.load_flight(reading, change.to.flight)
    until = flight_rules.hold_until(now=reading.now)
    held = flight_decisions.hold(
        new,
        booking=stream,
        cabin=change.to.cabin,
        fare_class=change.to.fare_class,
        seat_count=journey.seats_of(booking, coupons),
        until=until,
        now=reading.now,
    )
    if change.due:
        accepted = change_decisions.accept(
            booking,
            change=change,
            facts=journey.facts_of(old),
            hold_until=until,
            now=reading.now,
        )
        return Decision(answer_stream=stream, events=((stream, accepted), (change.to.flight, held)))
    exchanged = complete_change.exchange(reading, stream, booking, change, held=held)
    numbers = complete_change.new_tickets(command.airline_code, command.serials, coupons)
    completed = complete_change.completion(reading, stream, booking, change, numbers)
    own = [*_answered(booking, change.segment), *completed]
    return Decision(
        answer_stream=stream,
        events=((stream, own), *journey.merged(exchanged)),
        outbox=(complete_change.letter(stream, change),),
    )


def _is_done(booking: Booking, change: Change) -> bool:
    """Whether a change of this number was carried out and led to where this one leads."""
    moved = booking.segments[change.segment] == change.to
    return booking.change is None and booking.change_count >= change.number and moved


def _answered(booking: Booking, segment: int) -> list[BookingEvent]:
    """Moving is an answer, where the airline had asked."""
    if all(each.segment != segment for each in booking.disruptions):
        return []
    return disruption.answer(booking, segment=segment, answer="moved")
