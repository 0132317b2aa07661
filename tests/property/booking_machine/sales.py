"""How bookings come about: quotes, drafts, holds, the queue, money that comes in any order."""

import datetime as dt
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, multiple, rule

from application import ports
from application.booking.confirm_booking import ConfirmBooking
from application.booking.create_booking import CreateBooking, Mode
from application.booking.expire_booking import ExpireBooking
from application.booking.hold_booking import HoldBooking
from application.booking.offer_seats import OfferSeats
from application.commands.command import Outcome
from application.payment import record_attempt
from application.payment.record_attempt import RecordAttempt
from application.payment.record_capture import RecordCapture
from application.payment.record_capture_check import FoundIntent, RecordCaptureCheck
from application.payment.record_signed_fact import RecordSignedFact
from application.payment.replace_attempt import ReplaceAttempt
from application.payment.signed_facts import SignedFact
from application.payment.start_checkout import StartCheckout
from application.pricing.journeys import Priced, Wanted, WantedSegment
from application.pricing.quotes import JourneyQuotes
from application.pricing.signed_quotes import QUOTE_LIFETIME, QuoteSigner
from domain.booking.states import Status
from domain.booking.values import Passenger, SeatChoice
from domain.inventory import seat_map
from domain.kernel import money, sealed
from domain.kernel.rejections import Rejection
from domain.payment import replacement
from domain.payment.state import CaptureCheck, Payment
from domain.policies.book import LAUNCH_BOOK
from domain.pricing.extras import ExtraChoice
from tests.property.booking_machine.machine import AIRLINE, PROCESSES, WHICH, World
from tests.support.launch_rules import HOLD

# Most parties are small, so that several fit; some are too many for the seats.
PARTIES = st.sampled_from(
    [
        ("ADT",),
        ("ADT",),
        ("ADT", "INF"),
        ("ADT", "ADT"),
        ("INF", "ADT", "CHD"),
        ("ADT", "ADT", "CHD", "INF"),
    ]
)
# Flights by index: one way mostly, there and back, and what nobody can fly or pay at once.
JOURNEYS = st.sampled_from(
    [(0,), (0,), (1,), (3,), (4,), (0, 2), (1, 2), (0, 1), (2, 1), (0, 2, 3), (1, 1), ()]
)
CABINS = st.sampled_from("YYYYJ")
CLASSES = st.sampled_from((None, None, "Y", "M", "Q"))
EXTRAS = st.lists(
    st.builds(
        ExtraChoice,
        code=st.sampled_from(("BAG20", "MEAL", "FRONT", "PETROL")),
        passenger=st.integers(0, 1),
        segment=st.integers(0, 1),
    ),
    max_size=2,
).map(tuple)
LATE = dt.timedelta(minutes=20)


class Checkout(msgspec.Struct, frozen=True):
    """An attempt of a payment of a booking, as a command names it."""

    booking: str
    payment: str
    attempt: str


class Sale(World):
    """Travellers who book, and a card company that reports anything in any order."""

    checkouts = Bundle("checkouts")
    captures = Bundle("captures")

    def __init__(self) -> None:
        super().__init__()
        self.quotes = JourneyQuotes(QuoteSigner(b"a key of the machine"))
        self.intents = 0

    def _wanted(
        self,
        journey: tuple[int, ...],
        party: tuple[Any, ...],
        cabin: str,
        fare_class: str | None,
        extras: tuple[ExtraChoice, ...],
        seat: int | None,
    ) -> Wanted:
        segments = tuple(
            WantedSegment(self.flights[index], cabin, fare_class if cabin == "Y" else None)
            for index in journey
        )
        seats: tuple[SeatChoice, ...] = ()
        if seat is not None and journey:
            layout = self.flight(self.flights[journey[0]]).cabins[cabin].layout
            known = seat_map.seats(layout) if layout is not None else ("1A",)
            if known:
                seats = (SeatChoice(0, 0, known[seat % len(known)]),)
        fitting = tuple(each for each in extras if each.segment < len(journey))
        return Wanted(segments, party, fitting, seats)

    def _create(self, wanted: Wanted, mode: Mode) -> CreateBooking:
        return CreateBooking(
            owner="user-1",
            wanted=wanted.segments,
            passengers=tuple(
                Passenger(kind, sealed.Sealed(f"p{number}", b"\x00"))
                for number, kind in enumerate(wanted.passengers)
            ),
            contact=sealed.Sealed("c", b"\x00"),
            keys=(),
            extras=wanted.extras,
            seats=wanted.seats,
            mode=mode,
        )

    @rule(
        process=PROCESSES,
        journey=JOURNEYS,
        party=PARTIES,
        cabin=CABINS,
        fare_class=CLASSES,
        extras=EXTRAS,
        seat=st.none() | st.integers(0, 6),
        mode=st.sampled_from(("hold", "hold", "draft", "waitlist")),
    )
    def create(
        self,
        process: int,
        journey: tuple[int, ...],
        party: tuple[Any, ...],
        cabin: str,
        fare_class: str | None,
        extras: tuple[ExtraChoice, ...],
        seat: int | None,
        mode: Mode,
    ) -> None:
        """Book; a full cabin rejects it, or offers a place on the waitlist."""
        wanted = self._wanted(journey, party, cabin, fare_class, extras, seat)
        self.submit(process, self._create(wanted, mode))

    @rule(
        process=PROCESSES,
        journey=JOURNEYS,
        party=PARTIES,
        cabin=CABINS,
        extras=EXTRAS,
        seat=st.none() | st.integers(0, 6),
        mode=st.sampled_from(("hold", "draft", "waitlist")),
        late=st.sampled_from((False, False, False, True)),
    )
    def create_at_a_quote(
        self,
        process: int,
        journey: tuple[int, ...],
        party: tuple[Any, ...],
        cabin: str,
        extras: tuple[ExtraChoice, ...],
        seat: int | None,
        mode: Mode,
        late: bool,
    ) -> None:
        """Book at a quote, in time or too late."""
        wanted = self._wanted(journey, party, cabin, None, extras, seat)
        flights = {each.flight: self.flight(each.flight) for each in wanted.segments}
        try:
            quote_id, _ = self.quotes.quote(wanted, flights, book=LAUNCH_BOOK, now=self.clock())
            if late:
                self.clock.advance(LATE)
            quote = self.quotes.accept(quote_id, passengers=party, now=self.clock())
        except Rejection:
            return
        assert not late, "a quote holds for a quarter of an hour"
        assert quote.valid_until == self.clock() + QUOTE_LIFETIME
        command = msgspec.structs.replace(
            self._create(wanted, mode),
            quoted=Priced(quote.segments, quote.price),
            quoted_until=quote.valid_until,
        )
        result = self.submit(process, command)
        if isinstance(result, Outcome):
            assert self.booking(result.answer.stream).price == quote.price

    @rule(
        process=PROCESSES,
        flight=st.integers(0, 4),
        parties=st.lists(PARTIES, min_size=2, max_size=5),
        mode=st.sampled_from(("hold", "waitlist")),
    )
    def create_together(self, process: int, flight: int, parties: list[Any], mode: Mode) -> None:
        """Several want the last seats in one batch; a later one never gets what is gone."""
        wanted = [self._wanted((flight,), party, "Y", None, (), None) for party in parties]
        self.submit_all(process, [self._create(each, mode) for each in wanted])

    @rule(process=PROCESSES, which=WHICH, mode=st.sampled_from(("hold", "waitlist")))
    def hold(self, process: int, which: int, mode: Any) -> None:
        """A draft asks for its seats."""
        booking = self.pick(which, Status.INITIATED)
        if booking is not None:
            self.submit(process, HoldBooking(booking_id=booking, mode=mode))

    @rule(process=PROCESSES, flight=st.integers(0, 4))
    def offer(self, process: int, flight: int) -> None:
        """The queue of a flight is served."""
        queues = [name for name in self.flights if self.flight(name).waitlist] or self.flights
        self.submit(process, OfferSeats(flight_id=queues[flight % len(queues)]))

    @rule(target=checkouts, process=PROCESSES, which=WHICH, opens=st.booleans())
    def start_checkout(self, process: int, which: int, opens: bool) -> Any:
        """A traveller goes to pay; a live attempt is used again. Stripe may open at once."""
        booking = self.pick(which, Status.RESERVED, Status.PENDING, Status.PAYMENT_FAILED)
        checkout = self.checkout(process, booking)
        if checkout is None:
            return multiple()
        if opens:
            self.take_attempt_outcome(process=process, checkout=checkout, outcome="opened")
        return checkout

    def checkout(self, process: int, booking: str | None) -> Checkout | None:
        """The live attempt of what the booking has to pay; None when there is nothing to pay."""
        if booking is None:
            return None
        result = self.submit(process, StartCheckout(booking_id=booking))
        if isinstance(result, Rejection):
            return None
        return Checkout(booking, result.answer.stream, result.answer.ids["attempt"])

    @rule(
        process=PROCESSES,
        checkout=checkouts,
        outcome=st.sampled_from(["opened", "opened", "unresolved", "refused", "expired"]),
    )
    def take_attempt_outcome(self, process: int, checkout: Checkout, outcome: str) -> None:
        """The outcome of opening a session, also late, twice, or contradicting what is known."""
        expires_at = self.clock() + dt.timedelta(hours=1)
        results: dict[str, record_attempt.Result] = {
            "opened": record_attempt.Opened(f"cs_{checkout.attempt}", "https://x", expires_at),
            "unresolved": record_attempt.Unresolved(),
            "refused": record_attempt.Refused("resource_missing"),
            "expired": record_attempt.Expired(),
        }
        command = RecordAttempt(checkout.payment, checkout.attempt, results[outcome])
        assert isinstance(self.submit(process, command), Outcome)

    @rule(process=PROCESSES, checkout=checkouts, is_found=st.booleans())
    def replace_attempt(self, process: int, checkout: Checkout, is_found: bool) -> None:
        """Stripe opens a session no more, or opened one that ends too soon: another may follow."""
        ends_at = self.clock() + dt.timedelta(minutes=1)
        found = replacement.FoundSession(f"cs_{checkout.attempt}", ends_at) if is_found else None
        command = ReplaceAttempt(checkout.payment, checkout.attempt, "too_late", found)
        assert isinstance(self.submit(process, command), Outcome)

    @rule(process=PROCESSES, checkout=checkouts, charge=st.integers(1, 3))
    def decline(self, process: int, checkout: Checkout, charge: int) -> None:
        """A card is declined, before or after anything else."""
        declined = record_attempt.Declined(f"pi_{checkout.attempt}", f"ch_{charge}", "declined")
        command = RecordAttempt(checkout.payment, checkout.attempt, declined)
        assert isinstance(self.submit(process, command), Outcome)

    @rule(process=PROCESSES, which=WHICH)
    def decline_without_seats(self, process: int, which: int) -> None:
        """The card of a waitlisted booking is declined."""
        self.decline_one(process, self.pick(which, Status.PENDING))

    def decline_one(self, process: int, booking: str | None) -> None:
        """A checkout of the booking in which a card is declined."""
        checkout = self.checkout(process, booking)
        if checkout is not None:
            self.decline(process=process, checkout=checkout, charge=9)

    def _due(self, checkout: Checkout) -> money.Money:
        payment = self.log.state(checkout.payment)
        assert isinstance(payment, Payment)
        return payment.due

    def _capture(self, checkout: Checkout, amount: money.Money) -> RecordCapture:
        self.intents += 1
        return RecordCapture(
            payment_id=checkout.payment,
            booking_id=checkout.booking,
            attempt=checkout.attempt,
            intent=f"pi_{self.intents}",
            charge=f"ch_{self.intents}",
            amount=amount,
        )

    def pay(self, process: int, booking: str) -> None:
        """Checkout and capture of exactly the amount due, where there is one."""
        checkout = self.checkout(process, booking)
        if checkout is not None:
            command = self._capture(checkout, self._due(checkout))
            reported = self._signed(command) if self.intents % 2 else command
            assert isinstance(self.submit(process, reported), Outcome)

    @rule(target=captures, process=PROCESSES, checkout=checkouts)
    def capture(self, process: int, checkout: Checkout) -> RecordCapture:
        """Stripe took the amount due, in time or late, once or with a second card."""
        command = self._capture(checkout, self._due(checkout))
        assert isinstance(self.submit(process, command), Outcome)
        return command

    def _signed(self, command: RecordCapture) -> RecordSignedFact:
        """The same from a signed event alone: nobody asked Stripe."""
        signed = msgspec.structs.replace(command, from_signed_event=True)
        fact = SignedFact(signed, "", command.booking_id, agrees=lambda _: True)
        key, body = ports.WrappedKey("subject", b""), sealed.Sealed("subject", b"")
        event = ports.StripeEvent(f"evt_{command.intent}", "any", command.intent, body, key)
        return RecordSignedFact(fact, event)

    @rule(process=PROCESSES, which=WHICH, contradicted=st.booleans())
    def check_captures(self, process: int, which: int, contradicted: bool) -> None:
        """Stripe's list has the money, perhaps only when it is asked again."""
        booking = self.pick(which, Status.PAID, Status.CONFIRMED, Status.CHECKED_IN)
        if booking is None:
            return
        for payment in self.booking(booking).payments:
            for capture in self.payment(payment).captures:
                found = FoundIntent(captured=capture.amount, payment=payment)
                answers = [None, found] if contradicted else [found]
                for answer in answers:
                    check = RecordCaptureCheck(payment, capture.intent, answer)
                    assert isinstance(self.submit(process, check), Outcome)
                known = self.payment(payment).capture(capture.intent)
                assert known is not None
                assert known.check in {None, CaptureCheck.PASSED}
        assert self.booking(booking).suspended_by == frozenset()

    @rule(
        target=captures,
        process=PROCESSES,
        checkout=checkouts,
        difference=st.sampled_from([-1, 1, -1_000]),
        currency=st.sampled_from(["", "USD"]),
    )
    def capture_wrongly(
        self, process: int, checkout: Checkout, difference: int, currency: str
    ) -> RecordCapture:
        """Stripe took another amount, or the amount due in another currency."""
        due = self._due(checkout)
        wrong = money.Money(due.amount, currency) if currency else due
        if not currency:
            wrong = money.Money(max(1, due.amount + difference), due.currency)
        command = self._capture(checkout, wrong)
        assert isinstance(self.submit(process, command), Outcome)
        return command

    @rule(process=PROCESSES, command=captures)
    def capture_again(self, process: int, command: RecordCapture) -> None:
        """The same intent under another command: a second event or the poller."""
        before = len(self.log.events)
        assert isinstance(self.submit(process, command), Outcome)
        assert len(self.log.events) == before

    @rule(process=PROCESSES, which=WHICH, checkout=checkouts)
    def capture_for_another_booking(self, process: int, which: int, checkout: Checkout) -> None:
        """Metadata that do not fit together move nothing."""
        booking = self.pick(which)
        if booking is None or booking == checkout.booking:
            return
        command = self._capture(Checkout(booking, checkout.payment, ""), self._due(checkout))
        assert isinstance(self.submit(process, command), Rejection)

    def confirmation(self, booking: str) -> ConfirmBooking:
        """With serials for all passengers and extras."""
        known = self.booking(booking)
        serials = self.draw_serials(len(known.passengers) + len(known.extras))
        return ConfirmBooking(booking_id=booking, airline_code=AIRLINE, serials=serials)

    @rule(process=PROCESSES, which=WHICH)
    def confirm(self, process: int, which: int) -> None:
        """Only a paid booking is confirmed, and only once."""
        booking = self.pick(which, Status.PAID)
        if booking is not None:
            self.submit(process, self.confirmation(booking))

    @rule(process=PROCESSES, which=WHICH)
    def expire(self, process: int, which: int) -> None:
        """Only what has lapsed expires, and only once."""
        booking = self.pick(which, Status.RESERVED, Status.INITIATED, Status.PAYMENT_FAILED)
        if booking is not None:
            self.submit(process, ExpireBooking(booking_id=booking, reason="hold_lapsed"))

    @rule(target=captures, process=PROCESSES, checkout=checkouts, money_first=st.booleans())
    def expire_and_capture_together(
        self, process: int, checkout: Checkout, money_first: bool
    ) -> RecordCapture:
        """The hold ends and the money comes in one batch: the first wins, the money is recorded."""
        if not money_first:
            self.clock.advance(HOLD)
        capture = self._capture(checkout, self._due(checkout))
        expiry = ExpireBooking(booking_id=checkout.booking, reason="hold_lapsed")
        both: list[Any] = [capture, expiry] if money_first else [expiry, capture]
        self.submit_all(process, [*both, self.confirmation(checkout.booking)])
        return capture
