"""Create a booking: choose a record locator, price it, hold the seats; all in one append."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import msgspec

from application.booking import journey, paid_seats, saved_documents, seat_needs
from application.booking.access import carry_out
from application.booking.booking_details import BookingDetails, details
from application.booking.people import Contact, Name
from application.booking.ports import BookingPorts
from application.booking.saved_documents import BookedDocument
from application.booking.stored_answer import stored_answer
from application.booking.travellers import (
    SavedTraveller,
    Traveller,
    named_travellers,
    passport_names,
)
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.inventory import flights
from application.policies import operating_rules
from application.policies.read_book import load_book
from application.ports import WrappedKey
from application.pricing import journeys
from application.pricing.journeys import Priced, Wanted, WantedExtra, WantedSeat, WantedSegment
from application.pricing.quotes import JourneyQuote, JourneyQuotes
from application.pricing.signed_quotes import QUOTE_LIFETIME, QuoteExpired, QuoteRefused
from domain.booking import ages, connections, rejections, sale
from domain.booking import seats as booking_seats
from domain.booking.events import BookingInitiated
from domain.booking.state import Booking
from domain.booking.values import NewTimes, Passenger, SeatChoice
from domain.inventory import operations, sales_window, seat_sale, waitlist
from domain.inventory import rejections as flight_rejections
from domain.inventory.state import Flight
from domain.kernel import ids, sealed
from domain.kernel.rejections import Rejection
from domain.pricing.extras import ExtraChoice

LOCATOR_TRIES = 8
DEFAULT_CABIN = "Y"

# hold: seats or a rejection; draft: no seats yet; waitlist: seats or a place on the waitlist.
Mode = Literal["hold", "draft", "waitlist"]

_encode = msgspec.json.Encoder(order="deterministic").encode


class WantedBooking(msgspec.Struct, frozen=True):
    """One flight at the price of this moment, or the journey of a quote; at least one is given.

    Without a cabin the quote's, or economy. A quote contains the extras and seats of its journey.
    """

    travellers: Sequence[Traveller | SavedTraveller]
    email: str
    phone: str | None
    flight_id: str | None
    quote_id: str | None
    cabin: str | None = None
    extras: tuple[WantedExtra, ...] = ()
    seats: tuple[WantedSeat, ...] = ()
    mode: Mode = "hold"


async def create_booking(
    ports: BookingPorts, caller: Caller, wanted: WantedBooking
) -> BookingDetails:
    """Create a booking: hold the seats of all flights, draft, or join the waitlist, by the mode.

    Rejects QuoteRefused, QuoteExpired, SavedPassengerRefused for an id that is not the caller's,
    and what the command does.
    """
    try:
        travellers = await named_travellers(
            ports.saved_passengers, caller.principal.user, wanted.travellers
        )
        names = passport_names(travellers)
        command = _command(ports, caller, wanted, travellers, names)
        flights = [each.flight for each in command.wanted]
        documents = await saved_documents.booked(ports, travellers, command.passengers, flights)
        command = msgspec.structs.replace(command, documents=documents)
        taken = await ports.unpaid_seats.take(caller, _places(wanted, command))
    except Rejection:
        # A repeat whose quote has lapsed since. Others get their stored answer from the append.
        stored = await stored_answer(ports, caller)
        if stored is None:
            raise
        return stored
    with taken:
        done = await carry_out(ports, caller, command)
        if done.replayed:
            taken.release()
    # A replay returns the stored booking, whose names must be opened.
    return await details(ports, caller.principal, done, None if done.replayed else names)


def _places(wanted: WantedBooking, command: "CreateBooking") -> int:
    """Return how many seats would be held or waited for, on all flights together."""
    if wanted.mode == "draft":
        return 0
    types = [each.type for each in wanted.travellers]
    return len(command.wanted) * (len(types) - types.count("INF"))


def _command(
    ports: BookingPorts,
    caller: Caller,
    wanted: WantedBooking,
    travellers: Sequence[Traveller],
    names: Sequence[Name],
) -> "CreateBooking":
    """Seal what is personal, under a key for each passenger, and the contact under the first one's.

    Ages are judged here, before they are sealed.
    """
    quote = _accepted_quote(ports, wanted)
    segments = _wanted_segments(wanted, quote)
    days = _days_of(segments)
    party = [(each.type, each.birth_date) for each in travellers]
    sale.require_valid_party([kind for kind, _ in party])
    ages.require_ages(party, days, today=ports.clock().date())
    keys, passengers = [], []
    for traveller, name in zip(travellers, names, strict=True):
        subject, key = ports.vault.new_subject()
        keys.append(key)
        passengers.append(_sealed_passenger(ports, subject, traveller, name, days))
    contact = Contact(wanted.email, wanted.phone, caller.language)
    return CreateBooking(
        owner=caller.principal.user,
        wanted=segments,
        passengers=tuple(passengers),
        contact=ports.vault.seal(keys[0].subject, _encode(contact)),
        keys=tuple(keys),
        extras=tuple(
            [ExtraChoice(each.code, each.passenger, each.segment) for each in wanted.extras]
        ),
        seats=(
            tuple([SeatChoice(each.passenger, each.segment, each.seat) for each in wanted.seats])
            if quote is None
            else quote.seats
        ),
        quoted=None if quote is None else Priced(quote.segments, quote.price),
        quoted_until=None if quote is None else quote.valid_until,
        quoted_times=() if quote is None else quote.times,
        mode=wanted.mode,
        unpaid_limit=ports.unpaid_seats.of_flight(caller),
    )


def _days_of(segments: tuple[WantedSegment, ...]) -> list[dt.date]:
    """Return the local days of departure; rejects FlightNotFound for an id that names no day."""
    try:
        return [ids.flight_date(each.flight) for each in segments]
    except ValueError:
        raise flight_rejections.FlightNotFound() from None


def _sealed_passenger(
    ports: BookingPorts, subject: str, traveller: Traveller, name: Name, days: list[dt.date]
) -> Passenger:
    birth = traveller.birth_date
    return Passenger(
        type=traveller.type,
        name=ports.vault.seal(subject, _encode(name)),
        birth_date=None if birth is None else ports.vault.seal(subject, _encode(birth)),
        under_guardian_age=birth is not None and not ages.is_guardian(birth, days),
    )


def _accepted_quote(ports: BookingPorts, wanted: WantedBooking) -> JourneyQuote | None:
    """Return the quote to book; rejects QuoteExpired, and QuoteRefused where it is for another
    flight or cabin.
    """
    if wanted.quote_id is None:
        return None
    types = tuple(each.type for each in wanted.travellers)
    quote = JourneyQuotes(ports.quotes).accept(wanted.quote_id, passengers=types, now=ports.clock())
    if wanted.flight_id not in {None, quote.segments[0].flight}:
        raise QuoteRefused(field="flightId", reason="differs from the quote's flight")
    if any(wanted.cabin not in {None, each.cabin} for each in quote.segments):
        raise QuoteRefused(field="cabin", reason="differs from the quote's cabin")
    return quote


def _wanted_segments(
    wanted: WantedBooking, quote: JourneyQuote | None
) -> tuple[WantedSegment, ...]:
    if quote is not None:
        return tuple(
            WantedSegment(each.flight, each.cabin, each.fare_class) for each in quote.segments
        )
    assert wanted.flight_id is not None
    return (WantedSegment(wanted.flight_id, wanted.cabin or DEFAULT_CABIN),)


class CreateBooking(Command, frozen=True):
    """`passengers` and `contact` are sealed, with the keys to store; `quoted` is a journey and
    price that our server signed which is valid until `quoted_until`, or None for the price of
    this moment; its flights had the `quoted_times`. `unpaid_limit` is what the owner may hold of a
    flight without having paid."""

    owner: str
    wanted: tuple[WantedSegment, ...]
    passengers: tuple[Passenger, ...]
    contact: sealed.Sealed
    keys: tuple[WrappedKey, ...]
    extras: tuple[ExtraChoice, ...] = ()
    seats: tuple[SeatChoice, ...] = ()
    quoted: Priced | None = None
    quoted_until: dt.datetime | None = None
    quoted_times: tuple[NewTimes, ...] = ()
    mode: Mode = "hold"
    unpaid_limit: int | None = None
    documents: tuple[BookedDocument, ...] = ()

    @property
    def streams(self) -> tuple[str, ...]:
        """The flights; the booking is new."""
        return tuple([each.flight for each in self.wanted])

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects what `journeys.price` and `seat_sale.hold` do, SeatTaken and QuoteExpired."""
        priced = _priced(self, context)
        operating_rules.load_for_holds(context)
        booking_id = begin_booking(context)
        draft = BookingInitiated(
            owner=self.owner,
            segments=priced.segments,
            passengers=self.passengers,
            contact=self.contact,
            price=priced.price,
            seats=self.seats,
            lapses_at=_lapses_at(self, context.now),
        )
        context.record(booking_id, sale.initiate(None, draft=draft))
        context.store_keys(self.keys)
        if self.mode != "draft":
            take_seats(context, booking_id, mode=self.mode, unpaid_limit=self.unpaid_limit)
        saved_documents.record(context, booking_id, self.documents)
        return Reply(booking_id)


def _priced(command: CreateBooking, context: DecisionContext) -> Priced:
    """Return the quoted journey, or the wanted one at the current price."""
    if command.quoted is not None:
        _require_times(command, context)
        return command.quoted
    flights = {
        each.flight: context.load(stream_kinds.FLIGHT, each.flight) for each in command.wanted
    }
    wanted = Wanted(
        segments=command.wanted,
        passengers=tuple([passenger.type for passenger in command.passengers]),
        extras=command.extras,
        seats=command.seats,
    )
    return journeys.price(wanted, flights, book=load_book(context), now=context.now)


def _require_times(command: CreateBooking, context: DecisionContext) -> None:
    """Require that no flight of the quote was moved materially, nor to where it misses another;
    otherwise QuoteExpired.
    """
    if not command.quoted_times:
        return
    booked = [journey.load_flight(context, each.flight) for each in command.wanted]
    now = [journeys.leg_of(each) for each in booked]
    then = [
        msgspec.structs.replace(leg, departs_at=times.departs_at, arrives_at=times.arrives_at)
        for leg, times in zip(now, command.quoted_times, strict=True)
    ]
    moved = any(
        operations.difference((a.departs_at, a.arrives_at), (b.departs_at, b.arrives_at))
        >= operating_rules.material_change(context, flight)
        for a, b, flight in zip(then, now, booked, strict=True)
    )
    if moved or connections.newly_broken(then, now, by=operating_rules.connecting_times(context)):
        raise QuoteExpired(reason="flights_moved")


def _lapses_at(command: CreateBooking, now: dt.datetime) -> dt.datetime | None:
    """Return the deadline of a draft: that of its price."""
    return (command.quoted_until or now + QUOTE_LIFETIME) if command.mode == "draft" else None


def take_seats(
    context: DecisionContext, booking_id: str, *, mode: Mode, unpaid_limit: int | None
) -> None:
    """Hold seats of all flights or none, with the chosen places, and reserve the booking.

    Rejects SeatsUnavailable, SalesClosed, TooManyUnpaidSeats and SeatTaken. In the mode `waitlist`
    a booking of one flight joins the waitlist where there are no seats.
    """
    booking = journey.load(context, booking_id)
    until = context.now + operating_rules.hold_times(context).hold
    try:
        for index in range(len(booking.segments)):
            _hold(context, booking_id, booking, index, until=until, unpaid_limit=unpaid_limit)
    except flight_rejections.SeatsUnavailable:
        if mode != "waitlist":
            raise
        # Records nothing of earlier flights: a journey of several flights cannot join a waitlist.
        _queue(context, booking_id, booking, unpaid_limit=unpaid_limit)
    else:
        context.record(booking_id, sale.reserve(booking, hold_until=until))


def _hold(
    context: DecisionContext,
    booking_id: str,
    booking: Booking,
    index: int,
    *,
    until: dt.datetime,
    unpaid_limit: int | None,
) -> None:
    """Hold the seats of one segment, and assign the places that the passengers chose there."""
    segment = booking.segments[index]
    flight = flights.load(context, segment.flight)
    held = seat_sale.hold(
        flight,
        booking=booking_id,
        cabin=segment.cabin,
        fare_class=segment.fare_class,
        seat_count=booking.seat_count,
        infants=booking.infant_count,
        until=until,
        limits=operating_rules.sale_limits(context, flight),
        now=context.now,
        owner=booking.owner,
        unpaid_limit=unpaid_limit,
    )
    context.record(segment.flight, held)
    chosen = [
        (coupon.passenger, coupon.seat)
        for coupon in booking.coupons
        if coupon.segment == index and coupon.seat is not None
    ]
    seat_needs.assign(context, booking_id, segment=index, seats=chosen)
    paid_seats.assign(context, booking_id, index)


def _queue(
    context: DecisionContext, booking_id: str, booking: Booking, *, unpaid_limit: int | None
) -> None:
    """Join the waitlist of the only flight; rejects InvalidJourney where there are several, and
    where seats are paid for, which nobody can promise.
    """
    if len(booking.segments) != 1:
        raise rejections.InvalidJourney(field="mode", reason="waitlist_takes_one_flight")
    if paid_seats.sold_seats(booking, 0):
        raise rejections.InvalidJourney(field="mode", reason="waitlist_takes_no_paid_seat")
    segment = booking.segments[0]
    flight = journey.load_flight(context, segment.flight)
    limits = operating_rules.sale_limits(context, flight)
    joined = waitlist.join(
        flight,
        booking=booking_id,
        cabin=segment.cabin,
        fare_class=segment.fare_class,
        seat_count=booking.seat_count,
        infants=booking.infant_count,
        limits=limits,
        now=context.now,
        owner=booking.owner,
        unpaid_limit=unpaid_limit,
    )
    waits_until = sales_window.sales_close_at(flight.departs_at, closes=limits.closes)
    context.record(booking_id, sale.join_waitlist(booking, waits_until=waits_until))
    # A waitlisted booking has no seat numbers: they may be taken when its seats come free.
    chosen = tuple(
        SeatChoice(coupon.passenger, coupon.segment, coupon.seat)
        for coupon in booking.coupons
        if coupon.seat is not None
    )
    lost = booking_seats.lose_seats(booking, seats=chosen, reason="waitlisted")
    context.record(booking_id, lost)
    context.record(segment.flight, joined)


def begin_booking(context: DecisionContext, *, flights: Sequence[Flight] = ()) -> str:
    """Begin a booking under a random free locator; the log refuses a taken one.

    A locator that one of the `flights` knows is taken, though its booking was not read yet.
    """
    for _ in range(LOCATOR_TRIES):
        locator = ids.record_locator(context.random_bytes(4))
        if locator is not None:
            booking_id = ids.booking_stream(locator)
            known = any(flight.allocations.get(booking_id) for flight in flights)
            if not known and context.begin(stream_kinds.BOOKING, booking_id):
                return booking_id
    raise rejections.LocatorTaken()
