"""What bookings paid, and would pay, for cancellations and changes under versions of the fees.

What happened is decided again on the states that the log had then, by the rules that decided it. An
amount counts only where the versions that were sold give what was recorded: whatever else it
depends on is then as it was.
"""

import datetime as dt
from collections.abc import Callable

from msgspec.structs import replace

from application.booking import cancellation_fee, journey
from application.booking.cancel_booking import Part, cancellation_quote
from application.booking.cancellation_terms import cancellation_terms
from application.booking.quote_modification import modification_quote
from application.commands import stream_kinds
from application.policies.fee_terms import terms_of
from application.policies.measured_case import Case, Measured, MeasureKind, Measurement
from application.policies.past_flights import PastFlights
from application.ports import RecordedEvent
from application.pricing.journeys import WantedSegment
from application.pricing.signed_quotes import QUOTE_LIFETIME
from domain.booking import disruption, states
from domain.booking import modification as booking_modification
from domain.booking.events import (
    BookingCancelled,
    CouponsCancelled,
    ModificationAccepted,
    ModificationCompleted,
)
from domain.booking.preconditions import SegmentFacts
from domain.booking.state import Booking
from domain.booking.values import Modification
from domain.kernel.fold import fold
from domain.kernel.rejections import Rejection
from domain.pricing import fees

FeeAt = Callable[[Booking, dt.datetime], int]


async def fees_that_were_taken(case: Case, flights: PastFlights) -> Measurement:
    """Measure the cancellations and changes since the sale, without those that took no fee by rule.

    A quote is accepted within QUOTE_LIFETIME: of its two ends one has the notice that counted.
    """
    found: list[Measured | None] = []
    booking: Booking | None = None
    accepted: tuple[Booking, RecordedEvent] | None = None
    for recorded in case.events:
        before, booking = booking, stream_kinds.BOOKING.evolve(booking, recorded.event)
        if before is None:
            continue
        match recorded.event:
            case BookingCancelled() | CouponsCancelled() as event:
                if before.status in states.TICKETED and event.waiver is None:
                    found.append(await _cancellation(case, flights, before, recorded, event))
            case ModificationAccepted():
                accepted = (before, recorded)
            case ModificationCompleted(modification=modification):
                waits = before.modification is not None and accepted is not None
                quoted = accepted if waits and accepted is not None else (before, recorded)
                if modification.notice_hours is not None:
                    found.append(await _change(case, flights, *quoted, modification))
    amounts = tuple(each for each in found if each is not None)
    return Measurement(amounts, unexplained=len(found) - len(amounts))


async def _cancellation(
    case: Case,
    flights: PastFlights,
    before: Booking,
    recorded: RecordedEvent,
    event: BookingCancelled | CouponsCancelled,
) -> Measured | None:
    facts = tuple(
        [journey.facts_of(await flights.before(recorded, each.flight)) for each in before.segments]
    )
    named = {(each.passenger, each.segment) for each in event.coupons}
    coupons = tuple(
        each for each in before.open_coupons() if (each.passenger, each.segment) in named
    )

    def fee(booking: Booking, at: dt.datetime) -> int:
        return cancellation_terms(booking, coupons, facts, book=case.book, waiver=None, now=at).fee

    return _explained("cancellations", case, before, recorded, fee, event.fee)


async def _change(
    case: Case,
    flights: PastFlights,
    before: Booking,
    recorded: RecordedEvent,
    modification: Modification,
) -> Measured | None:
    booked = [await flights.before(recorded, each.flight) for each in before.segments]
    to = modification.to
    new = await flights.before(recorded, to.flight)

    def fee(booking: Booking, at: dt.datetime) -> int:
        return modification_quote(
            case.booking_id,
            booking,
            booked,
            new,
            book=case.book,
            segment=modification.segment,
            to=WantedSegment(to.flight, to.cabin, to.fare_class),
            reason=modification.reason,
            now=at,
        ).modification.fee

    return _explained("changes", case, before, recorded, fee, modification.fee)


def _explained(
    kind: MeasureKind, case: Case, before: Booking, recorded: RecordedEvent, fee: FeeAt, taken: int
) -> Measured | None:
    """Return the fees at the instant at which the versions that were sold give the one taken."""
    for at in (recorded.recorded_at, recorded.recorded_at - QUOTE_LIFETIME):
        try:
            if fee(before, at) == taken:
                today = fee(case.as_today(before), at)
                return Measured(kind, before.currency, today, fee(case.as_proposed(before), at))
        except Rejection:
            continue
    return None


async def fees_now(case: Case, flights: PastFlights) -> Measurement:
    """Measure what it would cost to cancel all that is open now, and to change each of its flights
    now for another one of the same price.
    """
    booking = fold(stream_kinds.BOOKING.evolve, None, (each.event for each in case.events))
    if booking is None or booking.status not in states.TICKETED:
        return Measurement()
    facts = tuple(
        [journey.facts_of(await flights.current(each.flight)) for each in booking.segments]
    )

    def cancelling(sold: Booking) -> int:
        return cancellation_quote(
            case.booking_id,
            sold,
            facts,
            book=case.book,
            part=Part(),
            at_gate=False,
            waiver=None,
            now=flights.now,
        ).fee

    def changing(segment: int) -> Callable[[Booking], int]:
        return lambda sold: _fee_of_change(case, sold, segment, facts[segment], now=flights.now)

    found = [_allowed("cancelled_now", case, booking, cancelling)]
    for segment in range(len(booking.segments)):
        if booking.open_coupons(segment) and not disruption.is_material(booking, segment):
            found.append(_allowed("changed_now", case, booking, changing(segment)))
    return Measurement(tuple(each for each in found if each is not None))


def _fee_of_change(
    case: Case, booking: Booking, segment: int, facts: SegmentFacts, *, now: dt.datetime
) -> int:
    """Return the fee in minor units; rejects what `require_modifiable` does."""
    terms = terms_of(case.book, booking.segments[segment])
    facts = replace(facts, modifiable=terms.family.modifiable)
    booking_modification.require_modifiable(booking, segment, facts, now=now)
    coupons = booking.open_coupons(segment)
    notice = min(cancellation_fee.notice_of(each, facts, now=now) for each in coupons)
    percent = cancellation_fee.change_percent(terms, notice)
    price = sum(each.total - each.change_fee for each in coupons)
    return fees.fee(percent, price, booking.currency)


def _allowed(
    kind: MeasureKind, case: Case, booking: Booking, fee: Callable[[Booking], int]
) -> Measured | None:
    """Return the fees; None where the rules do not allow it now."""
    try:
        today = fee(case.as_today(booking))
        return Measured(kind, booking.currency, today, fee(case.as_proposed(booking)))
    except Rejection:
        return None


FEE_MEASURES = (fees_that_were_taken, fees_now)
