"""The whole road, step by step in any order: the real handlers over a log in memory.

Two processes with caches of their own write one log. After every step all oracles hold, and
every command told again word for word records nothing.
"""

import datetime as dt
import hashlib
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from application.booking.confirm_booking import ConfirmBooking
from application.booking.create_booking import CreateBooking
from application.booking.expire_booking import ExpireBooking
from application.inventory.schedule_flight import ScheduleFlight
from application.orders import Order, Outcome
from application.payment import record_attempt
from application.payment.record_attempt import RecordAttempt
from application.payment.record_capture import RecordCapture
from application.payment.start_checkout import StartCheckout
from domain.booking.events import Passenger
from domain.inventory import rules as flight_rules
from domain.inventory.events import CabinFare, CapacityMove, FlightScheduled
from domain.kernel import ids, money, sealed
from domain.kernel.rejections import Rejection
from domain.payment.state import Payment
from tests.support import memory_log, oracles
from tests.support.memory_log import Clock, MemoryLog, MemoryProcess

START = dt.datetime(2026, 11, 23, 21, 30, tzinfo=dt.UTC)
AIRLINE = "065"
FARES = (money.Money(50_001, "SAR"), money.Money(45_670, "KWD"), money.Money(12_345, "JPY"))
# Most parties are small, so that several fit; some are too many for the seats.
PARTIES = st.sampled_from(
    [("ADT",), ("ADT",), ("ADT", "INF"), ("ADT", "CHD"), ("ADT", "ADT", "CHD", "INF")]
)
PROCESSES = st.sampled_from((0, 1))


class Checkout(msgspec.Struct, frozen=True):
    """An attempt of a payment of a booking, as a command told of it."""

    booking: str
    payment: str
    attempt: str


class Road(RuleBasedStateMachine):
    """Flights with few seats, travellers, a card company that tells anything in any order."""

    flights = Bundle("flights")
    bookings = Bundle("bookings")
    checkouts = Bundle("checkouts")
    captures = Bundle("captures")

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(START)
        self.log = MemoryLog(self.clock)
        self.processes = [
            MemoryProcess(self.log, clock=self.clock, randomness=self._draw, cache_limit=limit)
            for limit in (1_000, 3)
        ]
        self.orders = 0
        self.serials = 0
        self.draws = 0
        self.intents = 0
        self.accepted: list[Order] = []

    def teardown(self) -> None:
        """Caches that are up to date hold what the log folds to."""
        for process in self.processes:
            for stream in self.log.streams:
                known = process.cache.get(stream)
                if known is not None and known.version == self.log.version(stream):
                    assert known.state == self.log.state(stream)
            process.close()

    def _draw(self, count: int) -> bytes:
        """Bytes as if random, of which each third repeats: locators are drawn twice, too."""
        self.draws += 1
        seed = self.draws - (self.draws % 3 == 2)
        return hashlib.sha256(str(seed).encode()).digest()[:count]

    def _order(self, command: Any) -> Order:
        self.orders += 1
        return memory_log.order(command, self.orders)

    def _submit(self, process: int, command: Any) -> Outcome | Rejection:
        (result,) = self._submit_all(process, [command])
        return result

    def _submit_all(self, process: int, commands: list[Any]) -> list[Outcome | Rejection]:
        orders = [self._order(command) for command in commands]
        results = self.processes[process].submit_together(orders)
        told: list[Outcome | Rejection] = []
        for order, result in zip(orders, results, strict=True):
            if not isinstance(result, Outcome | Rejection):
                raise result
            told.append(result)
            if order.id in self.log.commands:
                self.accepted.append(order)
        for order, result in zip(orders, told, strict=True):
            self._repeat(process, order, result)
        return told

    def _repeat(self, process: int, order: Order, first: Outcome | Rejection) -> None:
        """Word for word: the answer kept, or decided again to nothing. In the same process, so
        that the other one stays behind."""
        before = len(self.log.events)
        (again,) = self.processes[process].submit_together([order])
        if order.id in self.log.commands:
            assert isinstance(again, Outcome)
            assert isinstance(first, Outcome)
            assert again.replayed
            assert again.answer == first.answer
        elif isinstance(first, Rejection):
            assert isinstance(again, Rejection)
        if not isinstance(order.command, CreateBooking):
            self.processes[process].submit_together([self._order(order.command)])
        assert len(self.log.events) == before, order.command

    @initialize(target=flights, seats=st.lists(st.integers(1, 4), min_size=2, max_size=3))
    def schedule(self, seats: list[int]) -> Any:
        """A few flights with few seats, one in riyals, one in dinars, one in yen."""
        names = []
        for index, economy in enumerate(seats):
            number = f"SV{100 + index}"
            names.append(ids.flight_stream(number, "2026-11-24"))
            scheduled = FlightScheduled(
                number=number,
                origin="RUH",
                destination="JED",
                origin_zone="Asia/Riyadh",
                destination_zone="Asia/Riyadh",
                departs_at=START + dt.timedelta(hours=4 + index),
                arrives_at=START + dt.timedelta(hours=6 + index),
                domestic=index != 2,
                fares=(CabinFare("Y", FARES[index]), CabinFare("J", FARES[index])),
                moves=(
                    CapacityMove("Y", authorised=economy),
                    CapacityMove("J", authorised=1),
                ),
            )
            self._submit(index % 2, ScheduleFlight(flight=names[-1], scheduled=scheduled))
        return multiple(*names)

    def _create(self, flight: str, party: tuple[Any, ...], cabin: str) -> CreateBooking:
        return CreateBooking(
            owner="user-1",
            flight=flight,
            cabin=cabin,
            passengers=tuple(
                Passenger(kind, sealed.Sealed(f"p{number}", b"\x00"))
                for number, kind in enumerate(party)
            ),
            contact=sealed.Sealed("c", b"\x00"),
            keys=(),
        )

    @rule(
        target=bookings,
        process=PROCESSES,
        flight=flights,
        party=PARTIES,
        cabin=st.sampled_from("YYYJ"),
    )
    def create(self, process: int, flight: str, party: tuple[Any, ...], cabin: str) -> Any:
        """Somebody books; a full cabin says no."""
        result = self._submit(process, self._create(flight, party, cabin))
        return result.answer.stream if isinstance(result, Outcome) else multiple()

    @rule(
        target=bookings,
        process=PROCESSES,
        flight=flights,
        parties=st.lists(PARTIES, min_size=2, max_size=5),
    )
    def create_together(self, process: int, flight: str, parties: list[Any]) -> Any:
        """Several want the last seats in one batch; a later one never gets what is gone."""
        wanted: list[Any] = [self._create(flight, party, "Y") for party in parties]
        results = self._submit_all(process, wanted)
        return multiple(*(r.answer.stream for r in results if isinstance(r, Outcome)))

    @rule(target=checkouts, process=PROCESSES, booking=bookings, opens=st.booleans())
    def start_checkout(self, process: int, booking: str, opens: bool) -> Any:
        """The traveller goes to pay; a live attempt is used again. Stripe may open at once."""
        result = self._submit(process, StartCheckout(booking=booking))
        if isinstance(result, Rejection):
            return multiple()
        payment = result.answer.stream
        checkout = Checkout(booking, payment, result.answer.ids["attempt"])
        if opens:
            self.tell_attempt(process=process, checkout=checkout, told="opened")
        return checkout

    @rule(
        process=PROCESSES,
        checkout=checkouts,
        told=st.sampled_from(["opened", "opened", "unresolved", "refused", "expired"]),
    )
    def tell_attempt(self, process: int, checkout: Checkout, told: str) -> None:
        """What became of asking for a session, also late, twice, or against what is known."""
        expires_at = self.clock() + dt.timedelta(hours=1)
        results: dict[str, record_attempt.Result] = {
            "opened": record_attempt.Opened(f"cs_{checkout.attempt}", "https://x", expires_at),
            "unresolved": record_attempt.Unresolved(),
            "refused": record_attempt.Refused("resource_missing"),
            "expired": record_attempt.Expired(),
        }
        command = RecordAttempt(checkout.payment, checkout.attempt, results[told])
        assert isinstance(self._submit(process, command), Outcome)

    @rule(process=PROCESSES, checkout=checkouts, charge=st.integers(1, 3))
    def decline(self, process: int, checkout: Checkout, charge: int) -> None:
        """A card is declined, before or after anything else."""
        declined = record_attempt.Declined(f"pi_{checkout.attempt}", f"ch_{charge}", "declined")
        command = RecordAttempt(checkout.payment, checkout.attempt, declined)
        assert isinstance(self._submit(process, command), Outcome)

    def _due(self, checkout: Checkout) -> money.Money:
        payment = self.log.state(checkout.payment)
        assert isinstance(payment, Payment)
        return payment.due

    def _capture(self, checkout: Checkout, amount: money.Money) -> RecordCapture:
        self.intents += 1
        return RecordCapture(
            payment=checkout.payment,
            booking=checkout.booking,
            attempt=checkout.attempt,
            intent=f"pi_{self.intents}",
            charge=f"ch_{self.intents}",
            amount=amount,
        )

    @rule(target=captures, process=PROCESSES, checkout=checkouts)
    def capture(self, process: int, checkout: Checkout) -> RecordCapture:
        """Stripe took the amount due, in time or late, once or with a second card."""
        command = self._capture(checkout, self._due(checkout))
        assert isinstance(self._submit(process, command), Outcome)
        return command

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
        assert isinstance(self._submit(process, command), Outcome)
        return command

    @rule(process=PROCESSES, told=captures)
    def capture_again(self, process: int, told: RecordCapture) -> None:
        """The same intent under another command: a second event or the poller."""
        before = len(self.log.events)
        assert isinstance(self._submit(process, told), Outcome)
        assert len(self.log.events) == before

    @rule(process=PROCESSES, booking=bookings, checkout=checkouts)
    def capture_for_another_booking(self, process: int, booking: str, checkout: Checkout) -> None:
        """Metadata that do not fit together move nothing."""
        if booking == checkout.booking:
            return
        command = self._capture(Checkout(booking, checkout.payment, ""), self._due(checkout))
        assert isinstance(self._submit(process, command), Rejection)

    def _confirm(self, booking: str) -> ConfirmBooking:
        passengers = self.log.state(booking).passengers
        first = self.serials + 1
        self.serials += len(passengers)
        serials = tuple(range(first, self.serials + 1))
        return ConfirmBooking(booking=booking, airline_code=AIRLINE, ticket_serials=serials)

    @rule(process=PROCESSES, booking=bookings)
    def confirm(self, process: int, booking: str) -> None:
        """Whoever asks: only a paid booking is confirmed, and only once."""
        self._submit(process, self._confirm(booking))

    @rule(process=PROCESSES, booking=bookings)
    def expire(self, process: int, booking: str) -> None:
        """Whoever asks: only a lapsed hold is let go, and only once."""
        self._submit(process, ExpireBooking(booking=booking, reason="hold_lapsed"))

    @rule(target=captures, process=PROCESSES, checkout=checkouts, money_first=st.booleans())
    def expire_and_capture_together(
        self, process: int, checkout: Checkout, money_first: bool
    ) -> RecordCapture:
        """The hold ends and the money comes in one batch: whoever is first wins, money is kept."""
        if not money_first:
            self.clock.advance(flight_rules.HOLD_LIFETIME)
        capture = self._capture(checkout, self._due(checkout))
        expiry = ExpireBooking(booking=checkout.booking, reason="hold_lapsed")
        both: list[Any] = [capture, expiry] if money_first else [expiry, capture]
        self._submit_all(process, [*both, self._confirm(checkout.booking)])
        return capture

    @rule(minutes=st.sampled_from([1, 5, 14, 15, 61]))
    def wait(self, minutes: int) -> None:
        """Time passes; holds lapse, sales close."""
        self.clock.advance(dt.timedelta(minutes=minutes))

    @rule(process=PROCESSES, data=st.data())
    def repeat_an_old_order(self, process: int, data: st.DataObject) -> None:
        """An accepted command, told again however late, gets the answer kept for it."""
        if not self.accepted:
            return
        order = data.draw(st.sampled_from(self.accepted))
        before = len(self.log.events)
        again = self.processes[process].submit(order)
        assert again.replayed
        assert again.answer == self.log.commands[order.id].answer
        assert len(self.log.events) == before

    @invariant()
    def everything_holds(self) -> None:
        """All oracles over the whole log."""
        oracles.check(self.log)
        oracles.check_unapplied_funds(self.log)


TestRoad = Road.TestCase
TestRoad.settings = settings(max_examples=200, stateful_step_count=50)
