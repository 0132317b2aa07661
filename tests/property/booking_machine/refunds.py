"""Refunds, and the commands of processes: at once, late, or a second time."""

import datetime as dt
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from application.booking.allocate_funds import AllocateFunds
from application.booking.cancel_booking import Part
from application.booking.expire_booking import ExpireBooking
from application.booking.grant_refund import GrantRefund
from application.booking.hold_booking import HoldBooking
from application.booking.offer_seats import OfferSeats
from application.booking.record_bank_transfer import BankTransfer, RecordBankTransfer
from application.booking.resend_refund import ResendRefund
from application.booking.settle_parked_funds import SettleParkedFunds
from application.commands.command import CommandEnvelope, Outcome
from application.payment import record_refund
from application.payment.record_refund import RecordRefund
from application.payment.record_unmatched import RecordUnmatchedMoney, stream_of
from application.payment.refund_payment import RefundPayment
from application.payment.return_parked_funds import ReturnParkedFunds
from application.ports import RecordedEvent
from application.pricing import signed_quotes
from domain.booking import events as bookings
from domain.booking.states import Status
from domain.booking.values import Obligation
from domain.inventory import events as flights
from domain.inventory.departure_correction import is_final
from domain.inventory.state import FlightStatus
from domain.kernel import ids, money
from domain.ledger import rules
from domain.payment.state import RefundStatus
from tests.property.booking_machine.departures import TICKETED, Travel
from tests.property.booking_machine.machine import PROCESSES, WHICH
from tests.property.booking_machine.sales import PARTIES
from tests.support import memory_log
from tests.support.launch_rules import HOLD

S = Status
GRANTABLE = (S.PAID, S.CONFIRMED, S.COMPLETED, S.NO_SHOW, S.CANCELLED)
SOLD = st.sampled_from(((0,), (0,), (1,), (3,), (4,), (0, 2)))
# How far back a process may begin again.
REWIND = 12


class Back(Travel):
    """Finance, the card company's refunds, and the processes that react to the log."""

    def __init__(self) -> None:
        super().__init__()
        self.done = 0
        # The card company never changes its first answer about a refund.
        self.company: dict[str, str] = {}

    @initialize(
        seats=st.lists(st.integers(2, 7), min_size=5, max_size=5),
        starts_in=st.sampled_from((0, 0, 24, 150)),
        sold=st.lists(st.tuples(SOLD, PARTIES), min_size=1, max_size=4),
    )
    def begin(
        self, seats: list[int], starts_in: int, sold: list[tuple[tuple[int, ...], tuple[Any, ...]]]
    ) -> None:
        """Flights on sale, and some who have booked and paid already."""
        self.schedule(seats, starts_in)
        for journey, party in sold:
            self.create(
                process=0,
                journey=journey,
                party=party,
                cabin="Y",
                fare_class=None,
                extras=(),
                seat=None,
                mode="hold",
            )
            self.go_on(process=1, which=0, then="confirm")

    @rule(
        process=PROCESSES,
        which=WHICH,
        amount=st.none() | st.sampled_from((1, 100, 5_000)),
        settles=st.booleans(),
    )
    def grant(self, process: int, which: int, amount: int | None, settles: bool) -> None:
        """Finance grants a refund beyond the rules, and the money may arrive at once."""
        stream = self.pick(which, *GRANTABLE[which % len(GRANTABLE) :])
        if stream is not None:
            self._grant(process, stream, amount)
            if settles:
                self.settle(process, stream)

    def _grant(self, process: int, stream: str, amount: int | None = None) -> None:
        """Two of finance ask for it where one alone may not."""
        self.submit(process, GrantRefund(stream, amount=amount, by="usr_finance"))
        if self.booking(stream).proposed_refund is not None:
            self.submit(process, GrantRefund(stream, amount=amount, by="usr_second"))

    @rule(process=PROCESSES, which=WHICH, then=st.sampled_from(("fly", "miss")))
    def regret(self, process: int, which: int, then: str) -> None:
        """A passenger flew, or was a no-show, and is refunded in full in the end."""
        self.travel(process=process, which=which, then=then)
        stream = self.pick(which, S.COMPLETED if then == "fly" else S.NO_SHOW)
        if stream is not None:
            self._grant(process, stream)
            self.settle(process, stream)

    @rule(
        process=PROCESSES,
        which=WHICH,
        then=st.sampled_from(("cancel", "forget", "hold", "check in and cancel")),
    )
    def think_twice(self, process: int, which: int, then: str) -> None:
        """A draft that is not held, or a passenger who cancels after check-in."""
        if then == "check in and cancel":
            self.travel(process=process, which=which, then="check in")
            stream = self.pick(which, S.CHECKED_IN)
            if stream is not None:
                self.cancel_all(process, stream)
            return
        index = which % len(self.flights)
        wanted = self._wanted((index,), ("ADT",), "Y", None, (), None)
        drafted = self.submit(process, self._create(wanted, "draft"))
        if not isinstance(drafted, Outcome):
            return
        stream = drafted.answer.stream
        if then == "cancel":
            self.cancel_all(process, stream)
        elif then == "hold":
            self.submit(process, HoldBooking(booking_id=stream, mode="hold"))
        else:
            self.clock.advance(signed_quotes.QUOTE_LIFETIME)
            self.submit(process, ExpireBooking(stream, "draft_lapsed"))

    @rule(process=PROCESSES, which=WHICH, minutes=st.sampled_from((30, 130)), stays=st.booleans())
    def be_late(self, process: int, which: int, minutes: int, stays: bool) -> None:
        """A flight with passengers leaves later; they are offered choices and answer at once."""
        stream = self.pick(which, *TICKETED)
        if stream is None:
            return
        index = self.flights.index(self.booking(stream).segments[0].flight)
        self.reschedule(process=process, index=index, minutes=minutes, offers=True)
        self.answer(process=process, which=which, accepts=stays)

    @rule(process=PROCESSES)
    def ask_for_refunds(self, process: int) -> None:
        """Everything owed is requested from the payments."""
        for stream in self.bookings:
            for owed in self.due(stream):
                self.submit(process, self.refund(stream, owed))

    def due(self, stream: str) -> list[Obligation]:
        """What may be requested now: all but what a departure owes that may be withdrawn."""
        booking = self.booking(stream)
        waiting: set[str] = set()
        for closing in booking.closings:
            flight = self.flight(booking.segments[closing.segment].flight)
            if flight.departed_at is None or not is_final(flight.departed_at, now=self.clock()):
                waiting.update(closing.obligations)
        return [each for each in booking.obligations if each.id not in waiting]

    def refund(self, stream: str, owed: Obligation) -> RefundPayment:
        """The newest payment first."""
        payments = tuple(reversed(self.booking(stream).payments))
        return RefundPayment(stream, owed.id, owed.amount, payments)

    @rule(
        process=PROCESSES,
        which=WHICH,
        reported=st.sampled_from(
            ("accepted", "settled", "settled", "settled", "failed", "refused")
        ),
    )
    def take_refund_report(self, process: int, which: int, reported: str) -> None:
        """The card company reports a refund, in any order; it accepts or refuses only once."""
        asked = [
            (stream, refund)
            for stream, payment in self.log_invariants.recount.payments.items()
            for refund in payment.refunds
        ]
        if asked:
            stream, refund = asked[-1 - which % len(asked)]
            self._report_refund(process, stream, refund, reported)

    def _report_refund(self, process: int, stream: str, refund: str, reported: str) -> None:
        answer = self.company.setdefault(refund, "no" if reported == "refused" else "yes")
        provider = f"re_{refund}"
        results: dict[str, record_refund.Result] = {
            "accepted": record_refund.Accepted(provider),
            "settled": record_refund.Settled(provider),
            "failed": record_refund.Failed(provider, "expired_card"),
            "refused": record_refund.Refused("charge_already_refunded"),
        }
        result = results[reported if answer == "yes" and reported != "refused" else "refused"]
        if answer == "yes" and reported == "refused":
            result = record_refund.Unresolved()
        self.submit(process, RecordRefund(stream, refund, result))

    @rule(process=PROCESSES, which=WHICH, matches=st.booleans())
    def return_parked(self, process: int, which: int, matches: bool) -> None:
        """Finance returns money that came too late or twice, or that matches no booking."""
        if not matches:
            unmatched = RecordUnmatchedMoney(f"pi_none_{which}", "ch_none", money.Money(500, "SAR"))
            self.submit(process, unmatched)
            self.log_invariants.check()
        parked = self._parked()
        if parked:
            self.submit(process, ReturnParkedFunds(*parked[-1 - which % len(parked)]))

    def _parked(self) -> list[tuple[str, str]]:
        """All money that was parked, by payment and intent."""
        return [
            (stream, intent)
            for stream, payment in self.log_invariants.recount.payments.items()
            for intent in sorted(payment.parked)
        ]

    @rule(process=PROCESSES)
    def settle_parked(self, process: int) -> None:
        """The timer settles what was left parked of bookings: seats again, or the money back."""
        for stream, intent in self._parked():
            booking = self.payment(stream).booking
            returned = self.log_invariants.recount.payments[stream].returned
            if intent not in returned and not ids.is_intent(booking):
                self.submit(process, SettleParkedFunds(stream, intent))

    @rule(process=PROCESSES, which=WHICH, settles=st.booleans())
    def pay_too_late(self, process: int, which: int, settles: bool) -> None:
        """The hold has ended when the money comes; what is left parked is settled now or later."""
        stream = self.pick(which, S.RESERVED) if which % 2 else self._book_alone(process, which)
        checkout = self.checkout(process, stream)
        if checkout is None:
            return
        self.clock.advance(HOLD)
        self.submit(process, ExpireBooking(checkout.booking, "hold_lapsed"))
        self.capture(process=process, checkout=checkout)
        self.log_invariants.check()
        if settles:
            self.settle_parked(process=process)

    def _book_alone(self, process: int, which: int) -> str | None:
        """A new booking of one passenger, where a flight on sale has a seat left."""
        coming = self._coming()
        index = self.flights.index(coming[which % len(coming)]) if coming else 0
        wanted = self._wanted((index,), ("ADT",), "Y", None, (), None)
        created = self.submit(process, self._create(wanted, "hold"))
        stream: str | None = created.answer.stream if isinstance(created, Outcome) else None
        return stream

    @rule(process=PROCESSES, which=WHICH, surplus=st.sampled_from((0, 0, 1_000)))
    def allocate(self, process: int, which: int, surplus: int) -> None:
        """Money without a booking comes, and finance finds the one that was meant."""
        booking = self.pick(which, S.RESERVED)
        if booking is None:
            return
        intent = f"pi_found_{ids.reference_of(booking)}_{which}"
        due = self.booking(booking).amount_due()
        if not due.amount:
            return
        amount = due + money.Money(surplus, due.currency)
        self.submit(process, RecordUnmatchedMoney(intent, f"ch_{intent}", amount))
        self.log_invariants.check()
        self.submit(process, AllocateFunds(stream_of(intent), intent, booking))

    @rule(process=PROCESSES, which=WHICH, arrives=st.booleans(), by_bank=st.booleans())
    def resend(self, process: int, which: int, arrives: bool, by_bank: bool) -> None:
        """Finance sends a failed refund again, to a card of the booking or by a bank transfer."""
        owing = [each for each in self.bookings if self.booking(each).obligations]
        if owing:
            self.settle(process, owing[-1 - which % len(owing)], reported="failed")
        failed = [
            (stream, refund.id, payment.captures)
            for stream in self.bookings
            for payment in map(self.payment, self.booking(stream).payments)
            for refund in payment.refunds
            if refund.status in {RefundStatus.FAILED, RefundStatus.REFUSED}
        ]
        if not failed:
            return
        stream, refund, captures = failed[-1 - which % len(failed)]
        if by_bank:
            transfer = BankTransfer(f"FT-{which}-{refund}", rules.accounting_day(self.clock()))
            self.submit(process, RecordBankTransfer(stream, refund, transfer))
            return
        intent = captures[which % len(captures)].intent if which % 2 else None
        self.submit(process, ResendRefund(stream, refund, intent))
        if arrives:
            self.settle(process, stream)

    @rule(process=PROCESSES, which=WHICH, passenger=st.integers(0, 1), settles=st.booleans())
    def cancel_in_parts(self, process: int, which: int, passenger: int, settles: bool) -> None:
        """One passenger cancels in time, the others only when the flight should have left."""
        stream = self.pick(which, S.CONFIRMED)
        if stream is None:
            return
        quote = self.quote_cancel(stream, Part(passengers=(passenger,)))
        if quote is not None:
            self.cancel(process=process, quote=quote)
        if settles:
            self.settle(process, stream)
        departures = [self.flight(each.flight).departs_at for each in self.booking(stream).segments]
        self.clock.now = max(self.clock.now, max(departures) + dt.timedelta(minutes=1))
        self.cancel_all(process, stream)

    @rule(process=PROCESSES, which=WHICH)
    def give_refund(self, process: int, which: int) -> None:
        """All that one booking is owed is refunded and settled."""
        owing = [each for each in self.bookings if self.booking(each).obligations]
        if not owing:
            return
        stream = owing[-1 - which % len(owing)]
        if len(self.due(stream)) < len(self.booking(stream).obligations):
            self.clock.advance(dt.timedelta(hours=25))
        self.settle(process, stream)

    def settle(self, process: int, stream: str, reported: str = "settled") -> None:
        """Each obligation of the booking is requested, and the card company reports on it."""
        for owed in self.due(stream):
            self.submit(process, self.refund(stream, owed))
        self.log_invariants.check()
        for payment in self.booking(stream).payments:
            for refund in self.log_invariants.recount.payments[payment].refunds:
                self._report_refund(process, payment, refund, reported)

    @rule(minutes=st.sampled_from([1, 5, 14, 15, 61, 60 * 24]))
    def wait(self, minutes: int) -> None:
        """Time passes; holds lapse, quotes end, sales close."""
        self.clock.advance(dt.timedelta(minutes=minutes))

    @rule(process=PROCESSES, rewinds=st.integers(0, REWIND))
    def react(self, process: int, rewinds: int) -> None:
        """What follows by itself from the events since the last time, and from some before."""
        for recorded in self.log.events[max(0, self.done - rewinds) :]:
            for step, command in enumerate(self._follows(recorded)):
                cause = ids.event_id(recorded.stream, recorded.version)
                number = ids.step_command_id(cause, str(step)).int
                envelope = memory_log.envelope(command, number)
                kept = self.log.commands.get(envelope.id)
                if kept is None:
                    self.submit_envelopes(process, [envelope])
        self.done = len(self.log.events)

    def _follows(self, recorded: RecordedEvent) -> list[Any]:
        event, stream = recorded.event, recorded.stream
        owed: Obligation | None = getattr(event, "obligation", None)
        match event:
            case bookings.BookingPaid():
                return [self.confirmation(stream)]
            case bookings.ModificationPaid():
                return [self.completion(stream)]
            case flights.SeatsReleased() | flights.WaitlistLeft():
                return [OfferSeats(stream)]
            case _ if isinstance(owed, Obligation):
                return [self.refund(stream, each) for each in self.due(stream) if each == owed]
        return []

    @rule(process=PROCESSES, which=st.integers(0, 500))
    def repeat_an_old_command(self, process: int, which: int) -> None:
        """An accepted command, repeated however late, gets its stored answer."""
        if not self.accepted:
            return
        envelope: CommandEnvelope = self.accepted[which % len(self.accepted)]
        before = len(self.log.events)
        again = self.processes[process].submit(envelope)
        assert again.replayed
        assert again.answer == self.log.commands[envelope.id].answer
        assert len(self.log.events) == before

    @rule(process=PROCESSES, which=WHICH, then=st.sampled_from(("confirm", "cancel", "grant")))
    def go_on(self, process: int, which: int, then: str) -> None:
        """One booking takes the steps that most take next, up to its tickets or its end."""
        stream = self.pick(which, S.INITIATED, S.PENDING, S.RESERVED, S.PAID)
        if stream is None:
            return
        if self.booking(stream).status is S.INITIATED:
            self.submit(process, HoldBooking(booking_id=stream, mode="waitlist"))
        self.pay(process, stream)
        if self.booking(stream).status is not S.PAID:
            return
        if then == "confirm":
            self.submit(process, self.confirmation(stream))
        elif then == "cancel":
            self.cancel_all(process, stream)
        else:
            self._grant(process, stream)
            self.settle(process, stream)

    @rule(
        process=PROCESSES,
        which=WHICH,
        frees=st.booleans(),
        then=st.sampled_from(
            ("offer", "offer", "pay", "decline", "cancel", "retry", "retry", "wait in vain")
        ),
    )
    def serve_a_queue(self, process: int, which: int, frees: bool, then: str) -> None:
        """Seats come free: the waitlisted booking gets an offer, pays, or tries to pay."""
        queues = [name for name in self._coming() if self.flight(name).waitlist]
        flight = queues[which % len(queues)] if queues else self._fill(process, which)
        holders = [
            each
            for each in self.on_board(flight)
            if self.booking(each).status in {S.RESERVED, S.PAID, S.CONFIRMED}
        ]
        if frees and holders:
            stream = holders[-1 - which % len(holders)]
            self.cancel_all(process, stream)
        if self.flight(flight).waitlist:
            self._serve(process, flight, self.flight(flight).waitlist[0].booking, then)

    def _coming(self) -> list[str]:
        """The flights on sale."""
        return [
            name
            for name in self.flights
            if self.flight(name).status is FlightStatus.SCHEDULED
            and self.flight(name).departs_at > self.clock.now + dt.timedelta(hours=1)
        ]

    def _fill(self, process: int, which: int) -> str:
        """A flight that was booked out, with one waitlisted booking."""
        coming = self._coming() or self.flights
        flight: str = coming[which % len(coming)]
        wanted = self._wanted((self.flights.index(flight),), ("ADT",), "Y", None, (), None)
        for _ in range(9):
            self.submit(process, self._create(wanted, "waitlist"))
            if self.flight(flight).waitlist:
                break
        return flight

    def _serve(self, process: int, flight: str, first: str, then: str) -> None:
        """Serve the first booking on the waitlist of a flight."""
        if then == "offer":
            self.submit(process, OfferSeats(flight))
        elif then == "pay":
            self.pay(process, first)
        elif then == "wait in vain":
            self.clock.now = max(self.clock.now, self.flight(flight).departs_at)
            self.submit(process, ExpireBooking(first, "hold_lapsed"))
        else:
            self.decline_one(process, first)
        if then == "cancel":
            self.cancel_all(process, first)
        elif then == "retry":
            self.pay(process, first)
