"""The world of the machine: a few flights, and two processes that submit commands to one log.

Rule: every command goes through `submit_all`, is repeated at once, and the repeat records nothing.
"""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from application import ports
from application.booking import journey
from application.booking.cancel_booking import Part, cancellation_quote
from application.booking.create_booking import CreateBooking
from application.booking.divide_booking import DivideBooking
from application.booking.grant_refund import GrantRefund
from application.booking.offer_seats import OfferSeats
from application.commands.command import CommandEnvelope, Outcome
from application.inventory.schedule_flight import ScheduleFlight
from application.processes.immediate_steps import ImmediateSteps
from domain.booking import states
from domain.booking.rejections import InvalidPart
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.inventory.events import CabinLayout, CapacityMove, FareClass, FlightScheduled
from domain.inventory.state import Flight, FlightStatus
from domain.kernel import ids, money
from domain.kernel.rejections import Rejection
from domain.payment.state import Payment
from domain.policies.book import LAUNCH_BOOK
from tests.support import invariants, memory_log, worklists
from tests.support.fair_price import FairPrice
from tests.support.memory_log import Clock, MemoryLog, MemoryProcess
from tests.support.memory_processes import MemoryStock
from tests.support.memory_read_models import MemoryReadModels

START = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
AIRLINE = "065"
# Repeated they request something new: another booking, more goodwill, the next offer.
NEW_EACH_TIME = (CreateBooking, GrantRefund, OfferSeats)
# Answer with a new booking.
BEGINNING = (CreateBooking, DivideBooking)

OVER = frozenset(
    {Status.EXPIRED, Status.CANCELLED, Status.REFUNDED, Status.COMPLETED, Status.NO_SHOW}
)

PROCESSES = st.sampled_from((0, 1))
# Which of those that fit, the newest first; from WILD on whichever, whether it fits or not.
WHICH = st.integers(0, 15)
WILD = 13

# Hours from the start to each departure: out, out, back, abroad in dinars, abroad in yen.
HOURS = (30, 54, 78, 100, 200)
FLIGHTS: tuple[tuple[str, str, str, str, int], ...] = (
    ("SV100", "RUH", "JED", "SAR", 50_001),
    ("SV102", "RUH", "JED", "SAR", 39_995),
    ("SV101", "JED", "RUH", "SAR", 45_003),
    ("SV500", "RUH", "KWI", "KWD", 45_670),
    ("SV700", "RUH", "HND", "JPY", 12_345),
)


def scheduled(index: int, economy: int, starts_in: int) -> FlightScheduled:
    """The flight of this index with so many economy seats and one or two in business.

    The one in yen has no seat map; the others have rows of two.
    """
    number, origin, destination, currency, fare = FLIGHTS[index]
    step = money.charge_step(currency)
    low = fare * 6 // 10 // step * step
    departs_at = START + dt.timedelta(hours=HOURS[index] + starts_in)
    mapped = currency != "JPY"
    return FlightScheduled(
        number=number,
        origin=origin,
        destination=destination,
        origin_zone="Asia/Riyadh",
        destination_zone="Asia/Riyadh",
        departs_at=departs_at,
        arrives_at=departs_at + dt.timedelta(minutes=105),
        domestic=currency == "SAR",
        fares=(
            FareClass("Y", "Y", money.Money(fare, currency)),
            FareClass("M", "Y", money.Money(low + step, currency), max(economy - 1, 1)),
            FareClass("Q", "Y", money.Money(low, currency), max(economy - 3, 1)),
            FareClass("J", "J", money.Money(fare * 3, currency)),
        ),
        moves=(CapacityMove("Y", authorised=economy), CapacityMove("J", authorised=2)),
        layouts=layouts(economy, 2) if mapped else (),
    )


def layouts(economy: int, business: int) -> tuple[CabinLayout, ...]:
    """Rows of two in both cabins."""
    return (CabinLayout("J", business, 1, "AC"), CabinLayout("Y", economy, 10, "AC"))


class World(RuleBasedStateMachine):
    """The log, its writers and its judges; `tally` counts over all runs what was done."""

    tally: ClassVar[Counter[str]] = Counter()
    transitions: ClassVar[Counter[tuple[Status, Status]]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(START)
        self.log = MemoryLog(self.clock)
        self.log_invariants = invariants.Invariants(self.log)
        self.read_models = MemoryReadModels()
        self.fair_price = FairPrice()
        self.processes = [
            MemoryProcess(self.log, clock=self.clock, random_bytes=self._draw, cache_limit=limit)
            for limit in (1_000, 3)
        ]
        self.flights: list[str] = []
        self.bookings: list[str] = []
        self.accepted: list[CommandEnvelope] = []
        self.envelopes = 0
        self.stock = MemoryStock()
        self.steps = ImmediateSteps(self.stock, airline_code=AIRLINE)
        self.draws = 0

    def teardown(self) -> None:
        """Caches that are up to date hold what the log folds to."""
        for process in self.processes:
            for stream in self.log.streams:
                known = process.cache.get(stream)
                if known is not None and known.version == self.log.version(stream):
                    assert known.state == self.log.state(stream)
        World.transitions.update(self.log_invariants.recount.steps)

    def schedule(self, seats: list[int], starts_in: int) -> None:
        """Five flights with few seats."""
        for index, economy in enumerate(seats):
            facts = scheduled(index, economy, starts_in)
            stream = ids.flight_stream(facts.number, facts.departs_at.date().isoformat())
            self.flights.append(stream)
            self.submit(index % 2, ScheduleFlight(flight_id=stream, scheduled=facts))

    @invariant()
    def everything_holds(self) -> None:
        """All invariants over what is new in the log."""
        World.tally["steps"] += 1
        self.log_invariants.check()
        new = self.log.events[self.read_models.position :]
        self.read_models.follow(new)
        assert self.read_models.position == len(self.log.events)
        for each in new:
            self.fair_price.take(each)
        for stream in {each.stream for each in new if each.stream.startswith("booking-")}:
            self._check_price(stream)
        for stream in self._touched(new):
            self._check_next_step(stream)
        for stream in self._with_money(new):
            known = self.log_invariants.recount.payments_of.get(stream, ())
            if not stream.startswith("booking-"):
                worklists.check_refunds(stream, [*map(self.payment, known)], self.read_models)
                continue
            booking = self.booking(stream)
            drawn = dict.fromkeys([*booking.payments, *known])
            worklists.check_refunds(stream, [*map(self.payment, drawn)], self.read_models)
            payments = [self.payment(each) for each in booking.payments]
            worklists.check_amounts_owed(stream, booking, payments, self.read_models)

    def _with_money(self, new: Sequence[ports.RecordedEvent]) -> set[str]:
        """Bookings about which, or about whose payments, something is new; intents without one."""
        streams = {each.stream for each in new}
        payments = {each for each in streams if each.startswith("payment-")}
        for each in payments:
            worklists.check_parked(each, [self.payment(each)], self.read_models)
        bookings = {each for each in streams if each.startswith("booking-")}
        paid = {self.payment(each).booking for each in payments}
        return bookings | paid

    def _touched(self, new: Sequence[ports.RecordedEvent]) -> list[str]:
        """Bookings about which, or about whose flights, something is new."""
        streams = {each.stream for each in new}
        return [
            each
            for each in self.bookings
            if each in streams or not streams.isdisjoint(self.booking(each).flights())
        ]

    def _check_next_step(self, stream: str) -> None:
        """Each coupon that is not final can be flown, changed or cancelled by somebody."""
        booking = self.booking(stream)
        flights = [self.flight(each.flight) for each in booking.segments]
        stuck = [
            each
            for each in booking.open_coupons()
            if booking.status not in OVER
            and flights[each.segment].status is not FlightStatus.DEPARTED
        ]
        if not stuck or booking.modification is not None:
            return  # a departed flight is closed; a modification is paid, completed or expires
        World.tally["next step"] += 1
        if booking.status is Status.PAID:
            assert not booking.obligations, f"{stream} gets no tickets and is not over"
        part = Part()
        if booking.status in states.TICKETED:
            passengers = tuple(dict.fromkeys(each.passenger for each in stuck))
            segments = tuple(dict.fromkeys(each.segment for each in stuck))
            part = Part(passengers, segments)
        try:
            cancellation_quote(
                stream,
                booking,
                tuple(journey.facts_of(each) for each in flights),
                book=LAUNCH_BOOK,
                part=part,
                at_gate=True,
                waiver=None,
                now=self.clock(),
            )
        except InvalidPart as refused:
            # What remains is worth less than the tax of what was flown: it can still be flown.
            assert refused.parameters["reason"] == "tax_of_the_rest"
            assert all(flights[each.segment].status is FlightStatus.SCHEDULED for each in stuck)

    def _check_price(self, stream: str) -> None:
        """No steps of a customer end with less paid than what they have, bought directly; a
        divided booking counts with those that were divided off it.
        """
        family = self.fair_price.family(stream)
        least = [self.fair_price.least(each) for each in family]
        if None in least:
            return
        World.tally["fair price"] += 1
        paid = sum(self._kept_of(each) for each in family)
        assert paid >= sum(filter(None, least)), f"{family} paid {paid} and not {least}"

    def _kept_of(self, stream: str) -> int:
        """What was paid for a booking and is not promised back, in minor units."""
        booking = self.booking(stream)
        assert booking.captured is not None
        paid = booking.captured - booking.owed()
        if booking.modification_paid and booking.modification is not None:
            paid -= money.Money(booking.modification.due, booking.currency)
        return paid.amount

    def _draw(self, count: int) -> bytes:
        """Bytes as if random, of which each third repeats: locators are drawn twice, too."""
        self.draws += 1
        seed = self.draws - (self.draws % 3 == 2)
        return hashlib.sha256(str(seed).encode()).digest()[:count]

    def draw_serials(self, count: int) -> tuple[int, ...]:
        """Fresh numbers from the ticket stock."""
        return tuple(self.stock.fresh(count))

    def booking(self, stream: str) -> Booking:
        """As the log has it now."""
        state: Booking = self.log.state(stream)
        return state

    def payment(self, stream: str) -> Payment:
        """As the log has it now."""
        state: Payment = self.log.state(stream)
        return state

    def flight(self, stream: str) -> Flight:
        """As the log has it now."""
        state: Flight = self.log.state(stream)
        return state

    def pick(self, which: int, *statuses: Status) -> str | None:
        """A booking in one of these states, or any where there is none."""
        fitting = [each for each in self.bookings if self.booking(each).status in statuses]
        chosen = fitting if fitting and which < WILD else self.bookings
        return chosen[-1 - which % len(chosen)] if chosen else None

    def submit(self, process: int, command: Any) -> Outcome | Rejection:
        """One command by itself."""
        (result,) = self.submit_all(process, [command])
        return result

    def submit_all(self, process: int, commands: Sequence[Any]) -> list[Outcome | Rejection]:
        """Commands of one batch, each with an id of its own."""
        envelopes = [self._envelope(command) for command in commands]
        return self.submit_envelopes(process, envelopes)

    def submit_envelopes(
        self, process: int, envelopes: list[CommandEnvelope]
    ) -> list[Outcome | Rejection]:
        """Envelopes of one batch; anything but an outcome or a rejection is a bug and is raised."""
        results: list[Outcome | Rejection] = []
        # Now and then what follows is left to a later rule, as after a crash.
        with_steps = self.envelopes % 5 < 3
        self.processes[process].follow_ups = self.steps if with_steps else None
        for envelope, result in zip(
            envelopes, self.processes[process].submit_together(envelopes), strict=True
        ):
            if not isinstance(result, Outcome | Rejection):
                raise result
            results.append(result)
            self.note(envelope, result)
        for envelope, first in zip(envelopes, results, strict=True):
            self._repeat(process, envelope, first)
        return results

    def note(self, envelope: CommandEnvelope, result: Outcome | Rejection) -> None:
        """Count what became of a command, and remember the booking that it began."""
        name = type(envelope.command).__name__
        if isinstance(result, Rejection):
            World.tally[f"{name}: {type(result).__name__}"] += 1
        elif envelope.id in self.log.commands:
            self.accepted.append(envelope)
            World.tally[name] += 1
            if isinstance(envelope.command, BEGINNING) and not result.replayed:
                self.bookings.append(result.answer.stream)
        else:
            World.tally[f"{name}: already so"] += 1

    def _envelope(self, command: Any) -> CommandEnvelope:
        self.envelopes += 1
        return memory_log.envelope(command, self.envelopes)

    def _repeat(self, process: int, envelope: CommandEnvelope, first: Outcome | Rejection) -> None:
        """Repeat the command: the stored answer, or a decision without events. In the same process,
        so that the other one stays behind.
        """
        before = len(self.log.events)
        (again,) = self.processes[process].submit_together([envelope])
        if envelope.id in self.log.commands:
            assert isinstance(again, Outcome)
            assert isinstance(first, Outcome)
            assert again.replayed
            assert again.answer == first.answer
        elif isinstance(first, Rejection):
            assert isinstance(again, Rejection)
        if not isinstance(envelope.command, NEW_EACH_TIME):
            self.processes[process].submit_together([self._envelope(envelope.command)])
        assert len(self.log.events) == before, f"recorded twice: {envelope.command}"
