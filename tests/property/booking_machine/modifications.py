"""Cancellations and modifications at quotes, names, seats, documents."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, multiple, rule

from application.booking import journey
from application.booking.cancel_booking import (
    CancelBooking,
    CancellationQuote,
    Part,
    cancellation_quote,
)
from application.booking.choose_seats import ChooseSeats
from application.booking.complete_modification import (
    AbandonModification,
    CompleteModification,
    ExpireModification,
)
from application.booking.correct_name import CorrectName
from application.booking.divide_booking import DivideBooking
from application.booking.modify_booking import ModifyBooking
from application.booking.quote_modification import (
    ModificationQuote,
    modification_quote,
)
from application.booking.record_document import RecordDocument
from application.commands.command import Outcome
from application.pricing.journeys import WantedSegment
from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.states import Status
from domain.inventory import seat_map
from domain.inventory.events import Place
from domain.inventory.state import Flight, FlightStatus
from domain.kernel import sealed
from domain.kernel.rejections import Rejection
from domain.policies.book import LAUNCH_BOOK
from tests.property.booking_machine.machine import AIRLINE, PROCESSES, WHICH
from tests.property.booking_machine.sales import Sale
from tests.support.launch_rules import HOLD

S = Status
SOME = st.none() | st.lists(st.integers(0, 3), min_size=1, max_size=2, unique=True).map(tuple)
# Hours of notice, and the percent of the price that is kept from there on.
KEPT = ((168, 0), (72, 25), (24, 50), (0, 75))
CHANGE_FEES = ((168, 0), (72, 5), (24, 10), (0, 15))
CANCELLABLE = (
    *(S.CONFIRMED, S.CHECKED_IN, S.BOARDED, S.PAID),
    *(S.PAYMENT_FAILED, S.PENDING, S.RESERVED, S.INITIATED),
)


class Changes(Sale):
    """Travellers who change their plans, at terms that were quoted now or before."""

    cancellations = Bundle("cancellations")
    modifications = Bundle("modifications")

    @rule(
        target=cancellations,
        process=PROCESSES,
        which=WHICH,
        part=st.just(Part()) | st.builds(Part, passengers=SOME, segments=SOME),
        at_gate=st.booleans(),
        waiver=st.sampled_from((None, None, "bereavement")),
        at_once=st.booleans(),
    )
    def quote_to_cancel(
        self,
        process: int,
        which: int,
        part: Part,
        at_gate: bool,
        waiver: str | None,
        at_once: bool,
    ) -> Any:
        """Quote the cancellation of the booking or a part of it; perhaps accept at once."""
        stream = self.pick(which, *CANCELLABLE[which % len(CANCELLABLE) :])
        if stream is None:
            return multiple()
        quote = self.quote_cancel(stream, part, at_gate=at_gate, waiver=waiver)
        if quote is None:
            return multiple()
        if at_once:
            self.cancel(process=process, quote=quote)
        return quote

    def quote_cancel(
        self, stream: str, part: Part, *, at_gate: bool = False, waiver: str | None = None
    ) -> CancellationQuote | None:
        """What it would cost; None where it is refused."""
        booking = self.booking(stream)
        facts = tuple(journey.facts_of(self.flight(each.flight)) for each in booking.segments)
        try:
            quote = cancellation_quote(
                stream,
                booking,
                facts,
                book=LAUNCH_BOOK,
                part=part,
                at_gate=at_gate,
                waiver=waiver,
                now=self.clock(),
            )
        except Rejection as rejection:
            self.tally[f"quote_cancellation: {type(rejection).__name__}"] += 1
            return None
        assert quote.fee + quote.refund + quote.tax == quote.price.amount
        assert quote.percent == self._kept(stream, quote, waiver)
        return quote

    def _kept(self, stream: str, quote: CancellationQuote, waiver: str | None) -> int:
        """The highest percent that the conditions of carriage keep, by hours to each flight; none
        of a flight that the airline cancelled or moved far, nor of those after it.
        """
        booking = self.booking(stream)
        if not booking.tickets or waiver is not None:
            return 0
        flights = [self.flight(each.flight) for each in booking.segments]
        ended = {each.segment for each in booking.disruptions if each.material}
        ended |= {
            index for index, each in enumerate(flights) if each.status is FlightStatus.CANCELLED
        }
        percents = [0]
        for each in quote.coupons:
            coupon = booking.coupon(each.passenger, each.segment)
            assert coupon is not None
            flown = {
                before.segment
                for before in booking.coupons
                if before.passenger == each.passenger and before.status is CouponStatus.FLOWN
            }
            standby = {
                before.segment
                for before in booking.coupons
                if before.passenger == each.passenger and before.standby
            }
            if not any(segment <= each.segment for segment in (ended | standby) - flown):
                hours = self.notice(flights[each.segment], coupon)
                percents.append(next((kept for least, kept in KEPT if hours >= least), 100))
        return max(percents)

    def notice(self, flight: Flight, coupon: Coupon) -> float:
        """Hours to the departure that counts for fees; no more than at any earlier exchange."""
        now = self.clock()
        latest = flight.latest_departs_at
        assert latest is not None
        departs_at = latest if now <= flight.departs_at else flight.departs_at
        hours = (departs_at - now).total_seconds() / 3600
        least = coupon.least_notice_hours
        return hours if least is None else min(hours, least)

    def cancel_all(self, process: int, stream: str, *, at_gate: bool = False) -> None:
        """Cancel the whole booking at current terms, if possible."""
        quote = self.quote_cancel(stream, Part(), at_gate=at_gate)
        if quote is not None:
            self.cancel(process=process, quote=quote)

    @rule(process=PROCESSES, quote=cancellations)
    def cancel(self, process: int, quote: CancellationQuote) -> None:
        """The quote is taken, now or late, before or after other changes, once or again."""
        before = self.booking(quote.booking).owed()
        result = self.submit(process, CancelBooking(quote=quote, reason="by_customer"))
        owed = self.booking(quote.booking).owed() - before
        assert owed.amount in ({0, quote.refund} if isinstance(result, Outcome) else {0})

    @rule(
        target=modifications,
        process=PROCESSES,
        which=WHICH,
        segment=st.integers(0, 1),
        to=st.integers(0, 4),
        cabin=st.sampled_from(("Y", "Y", "J")),
        fare_class=st.sampled_from((None, None, "Y", "Q")),
        then=st.sampled_from(("leave", "accept", "pay", "complete", "lapse", "abandon")),
    )
    def quote_to_modify(
        self,
        process: int,
        which: int,
        segment: int,
        to: int,
        cabin: str,
        fare_class: str | None,
        then: str,
    ) -> Any:
        """What another flight or a better cabin would cost; perhaps taken, and paid, at once."""
        stream = self.pick(which, S.CONFIRMED)
        if stream is None:
            return multiple()
        segments = self.booking(stream).segments
        wanted = self._wish(segments[segment % len(segments)].flight, to, cabin, fare_class)
        quote = self.quote_change(stream, segment % len(segments), wanted)
        if quote is None:
            return multiple()
        if then != "leave":
            self.modify(process=process, quote=quote)
        if then in {"pay", "complete"}:
            self.pay(process, stream)
        if then == "complete":
            self.submit(process, self.completion(stream))
        if then == "abandon":
            self.submit(process, AbandonModification(booking_id=stream))
        if then == "lapse":
            self.clock.advance(HOLD)
            self.submit(process, ExpireModification(booking_id=stream, reason="hold_lapsed"))
        return quote

    def _wish(self, current: str, to: int, cabin: str, fare_class: str | None) -> WantedSegment:
        """Another flight of the route, or the cabin above where there is none."""
        others = [
            name
            for name in self.flights
            if name != current and self._route(name) == self._route(current)
        ]
        if not others or (cabin == "J" and to % 2):
            return WantedSegment(current, "J")
        return WantedSegment(others[to % len(others)], cabin, fare_class if cabin == "Y" else None)

    def _route(self, name: str) -> tuple[str, str]:
        return (self.flight(name).origin, self.flight(name).destination)

    def quote_change(
        self, stream: str, segment: int, wanted: WantedSegment
    ) -> ModificationQuote | None:
        """What it would cost; None where it is refused."""
        booking = self.booking(stream)
        flights = tuple(self.flight(each.flight) for each in booking.segments)
        try:
            quote = modification_quote(
                stream,
                booking,
                flights,
                self.flight(wanted.flight),
                book=LAUNCH_BOOK,
                segment=segment,
                to=wanted,
                reason="by_customer",
                now=self.clock(),
            )
        except Rejection as rejection:
            self.tally[f"modification_quote: {type(rejection).__name__}"] += 1
            return None
        modification = quote.modification
        assert (
            quote.difference + modification.fee
            == modification.due - modification.back + modification.waived
        )
        hours = min(self.notice(flights[segment], each) for each in booking.open_coupons(segment))
        disturbed = any(d.segment == segment and d.material for d in booking.disruptions)
        fee = next((percent for least, percent in CHANGE_FEES if hours >= least), None)
        assert quote.percent == (0 if disturbed else fee)
        return quote

    @rule(process=PROCESSES, quote=modifications)
    def modify(self, process: int, quote: ModificationQuote) -> None:
        """The quote is taken: paid for first, or exchanged at once; a yes is never empty."""
        modification = quote.modification
        serials = self.draw_serials(len(modification.coupons))
        command = ModifyBooking(quote=quote, airline_code=AIRLINE, serials=serials)
        result = self.submit(process, command)
        if isinstance(result, Outcome):
            after = self.booking(quote.booking)
            assert (
                after.modification == modification
                or after.segments[modification.segment] == modification.to
            )

    @rule(process=PROCESSES, which=WHICH, pays=st.booleans())
    def go_on_with_a_modification(self, process: int, which: int, pays: bool) -> None:
        """A pending modification is paid, completed, or expires."""
        waiting = [each for each in self.bookings if self.booking(each).modification is not None]
        stream = waiting[which % len(waiting)] if waiting else self.pick(which)
        if stream is None:
            return
        if pays:
            self.pay(process, stream)
        self.submit(process, self.completion(stream))

    @rule(
        process=PROCESSES,
        journey=st.sampled_from(((0,), (0,), (0, 2), (2, 3), (0, 2, 3))),
        party=st.sampled_from((("ADT",), ("ADT", "CHD"))),
        steps=st.lists(
            st.tuples(st.sampled_from(("change", "cancel")), st.integers(0, 2), st.integers(0, 4)),
            min_size=1,
            max_size=3,
        ),
    )
    def detour(
        self,
        process: int,
        journey: tuple[int, ...],
        party: tuple[Any, ...],
        steps: list[tuple[str, int, int]],
    ) -> None:
        """A customer buys a journey, and changes and cancels parts of it at once."""
        wanted = self._wanted(journey, party, "Y", None, (), None)
        created = self.submit(process, self._create(wanted, "hold"))
        if not isinstance(created, Outcome):
            return
        stream = created.answer.stream
        self.pay(process, stream)
        self.submit(process, self.confirmation(stream))
        for step, segment, to in steps:
            segments = self.booking(stream).segments
            if step == "cancel":
                quote = self.quote_cancel(stream, Part(segments=(segment % len(segments),)))
                if quote is not None:
                    self.cancel(process=process, quote=quote)
            else:
                self._change(process, stream, segment % len(segments), to)

    def _change(self, process: int, stream: str, segment: int, to: int) -> None:
        booked = self.booking(stream).segments[segment].flight
        quote = self.quote_change(stream, segment, self._wish(booked, to, "Y", None))
        if quote is not None:
            self.modify(process=process, quote=quote)
            self.pay(process, stream)
            self.submit(process, self.completion(stream))

    @rule(process=PROCESSES, which=WHICH)
    def upgrade(self, process: int, which: int) -> None:
        """A better cabin on the same flight, paid for and completed at once."""
        stream = self.pick(which, S.CONFIRMED)
        if stream is None:
            return
        wanted = WantedSegment(self.booking(stream).segments[0].flight, "J")
        quote = self.quote_change(stream, 0, wanted)
        if quote is not None:
            self.modify(process=process, quote=quote)
            self.pay(process, stream)
            self.submit(process, self.completion(stream))

    @rule(process=PROCESSES, which=WHICH, passengers=SOME)
    def divide(self, process: int, which: int, passengers: tuple[int, ...] | None) -> None:
        """Some of a party get a booking of their own."""
        parties = [
            each
            for each in self.bookings
            if self.booking(each).status in {S.CONFIRMED, S.CHECKED_IN}
            and len({coupon.passenger for coupon in self.booking(each).open_coupons()}) > 1
        ]
        stream = parties[-1 - which % len(parties)] if parties else self.pick(which)
        if stream is not None:
            leaving = tuple(sorted(passengers or (0,)))
            self.submit(process, DivideBooking(booking_id=stream, passengers=leaving))

    def completion(self, stream: str) -> CompleteModification:
        """With serials for all who may need a new ticket."""
        serials = self.draw_serials(len(self.booking(stream).passengers))
        return CompleteModification(booking_id=stream, airline_code=AIRLINE, serials=serials)

    @rule(process=PROCESSES, which=WHICH)
    def abandon_modification(self, process: int, which: int) -> None:
        """Abandon a modification, paid or not."""
        waiting = [each for each in self.bookings if self.booking(each).modification is not None]
        stream = waiting[which % len(waiting)] if waiting else self.pick(which)
        if stream is not None:
            self.submit(process, AbandonModification(booking_id=stream))

    @rule(process=PROCESSES, which=WHICH)
    def expire_modification(self, process: int, which: int) -> None:
        """A modification stays unpaid."""
        waiting = [each for each in self.bookings if self.booking(each).modification is not None]
        stream = waiting[which % len(waiting)] if waiting else self.pick(which)
        if stream is not None:
            self.submit(process, ExpireModification(booking_id=stream, reason="hold_lapsed"))

    @rule(process=PROCESSES, which=WHICH, passenger=st.integers(0, 2), distance=st.integers(0, 4))
    def correct_name(self, process: int, which: int, passenger: int, distance: int) -> None:
        """A few letters change, perhaps too many."""
        stream = self.pick(which, S.CONFIRMED, S.RESERVED, S.PAID)
        if stream is None or passenger >= len(self.booking(stream).passengers):
            return
        previous = self.booking(stream).passengers[passenger].name
        name = sealed.Sealed(previous.subject, previous.box + b"\x01")
        wanted = CorrectName(
            stream, passenger, previous, name, distance, is_new=distance > 0, letters=9
        )
        self.submit(process, wanted)

    @rule(process=PROCESSES, which=WHICH, segment=st.integers(0, 1), seats=SOME)
    def choose_seats(
        self, process: int, which: int, segment: int, seats: tuple[int, ...] | None
    ) -> None:
        """Seats are chosen, also ones that others have or that nobody paid for."""
        stream = self.pick(which, S.CONFIRMED, S.RESERVED, S.CHECKED_IN)
        if stream is None:
            return
        booking = self.booking(stream)
        segment %= len(booking.segments)
        where = booking.segments[segment]
        layout = self.flight(where.flight).cabins[where.cabin].layout
        known = seat_map.seats(layout) if layout is not None else ()
        chosen = [known[-1 - each % len(known)] for each in seats or (0,) if known]
        adults = [i for i, each in enumerate(booking.passengers) if each.type != "INF"]
        places = tuple(Place(who, seat) for who, seat in zip(adults, chosen, strict=False))
        self.submit(process, ChooseSeats(booking_id=stream, segment=segment, places=places))

    @rule(process=PROCESSES, which=WHICH, passenger=st.integers(0, 3), number=st.integers(0, 2))
    def record_document(self, process: int, which: int, passenger: int, number: int) -> None:
        """A travel document is kept."""
        stream = self.pick(which, S.CONFIRMED)
        if stream is not None:
            document = sealed.Sealed(f"p{passenger}", bytes([number]))
            self.submit(process, RecordDocument(stream, passenger, document))
