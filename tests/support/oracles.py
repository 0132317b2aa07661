"""What must hold of the whole log after every step, computed from its events alone.

Rule: nothing here trusts a fold of the domain where a sum over the events can be taken instead.
"""

from collections import Counter, defaultdict

from application import ports
from domain.booking import states
from domain.booking.events import (
    BookingConfirmed,
    BookingExpired,
    BookingInitiated,
    BookingPaid,
    BookingReserved,
)
from domain.booking.states import Status
from domain.inventory.events import FlightScheduled, SeatsHeld, SeatsReleased, SeatsSold
from domain.kernel import ids
from domain.kernel.entries import Entry
from domain.payment.events import (
    AttemptExpired,
    AttemptRefused,
    AttemptStarted,
    FundsParked,
    PaymentCaptured,
    PaymentRequested,
)
from domain.payment.rules import ParkReason
from tests.support.memory_log import MemoryLog

Balances = dict[tuple[str, str, str], int]

STATUS_AFTER: dict[type, Status] = {
    BookingInitiated: Status.INITIATED,
    BookingReserved: Status.RESERVED,
    BookingPaid: Status.PAID,
    BookingConfirmed: Status.CONFIRMED,
    BookingExpired: Status.EXPIRED,
}
PARK_REASONS: frozenset[str] = frozenset(ParkReason.__args__)  # type: ignore[attr-defined]  # a Literal's values


def check(log: MemoryLog) -> None:
    """All oracles; an AssertionError names the first that is broken."""
    check_numbering(log)
    statuses = check_bookings(log)
    check_seats(log, statuses)
    check_payments(log, statuses)
    check_ledger(log, statuses)
    check_tickets(log)


def check_numbering(log: MemoryLog) -> None:
    """Positions 1..N, versions 1..n per stream, time never back, each event of one command."""
    assert [event.position for event in log.events] == list(range(1, len(log.events) + 1))
    for stream, events in log.streams.items():
        assert [event.version for event in events] == list(range(1, len(events) + 1)), stream
    instants = [event.recorded_at for event in log.events]
    assert instants == sorted(instants)
    assert {event.command_id for event in log.events} == set(log.commands)


def check_bookings(log: MemoryLog) -> dict[str, Status]:
    """Each step is in the table, none follows a terminal state; the status of each booking."""
    statuses: dict[str, Status] = {}
    for recorded in log.events:
        after = STATUS_AFTER.get(type(recorded.event))
        if after is None:
            continue
        before = statuses.get(recorded.stream)
        if before is None:
            assert after is Status.INITIATED
        else:
            assert before not in states.TERMINAL
            assert states.may_move(before, after), f"{recorded.stream}: {before} to {after}"
        statuses[recorded.stream] = after
    return statuses


def check_seats(log: MemoryLog, statuses: dict[str, Status]) -> None:
    """Held + sold never above authorised; both equal what bookings say that they have."""
    authorised: Counter[tuple[str, str]] = Counter()
    held: Counter[tuple[str, str]] = Counter()
    sold: Counter[tuple[str, str]] = Counter()
    for recorded in log.events:
        event = recorded.event
        if isinstance(event, BookingInitiated):
            cabin = (event.flight, event.cabin)
            has_held = statuses[recorded.stream] in {Status.RESERVED, Status.PAID}
            held[cabin] += event.seat_count * has_held
            sold[cabin] += event.seat_count * (statuses[recorded.stream] is Status.CONFIRMED)
        elif isinstance(event, FlightScheduled):
            for move in event.moves:
                authorised[recorded.stream, move.cabin] += move.authorised
    for cabin, limit in authorised.items():
        assert log.capacity[cabin] == [limit, held[cabin], sold[cabin]], cabin
        assert held[cabin] + sold[cabin] <= limit, cabin
        _check_allocations(log, cabin)


def _check_allocations(log: MemoryLog, cabin: tuple[str, str]) -> None:
    has: dict[str, tuple[int, int]] = {}
    for recorded in log.streams[cabin[0]]:
        event = recorded.event
        if isinstance(event, SeatsHeld | SeatsReleased | SeatsSold):
            for move in event.moves:
                if move.cabin == cabin[1]:
                    held, sold = has.get(event.booking, (0, 0))
                    has[event.booking] = (held + move.held, sold + move.sold)
                    assert min(has[event.booking]) >= 0, event.booking
    total = [sum(held for held, _ in has.values()), sum(sold for _, sold in has.values())]
    assert log.capacity[cabin][1:] == total
    state = log.state(cabin[0])
    counters = state.cabins[cabin[1]]
    assert [counters.held_count, counters.sold_count] == total
    allocated = {
        booking: (allocation.seat_count, allocation.until is None)
        for booking, allocation in state.allocations.items()
        if allocation.cabin == cabin[1]
    }
    assert allocated == {
        booking: (held + sold, sold > 0) for booking, (held, sold) in has.items() if held + sold
    }


def check_payments(log: MemoryLog, statuses: dict[str, Status]) -> None:
    """One live attempt, one capture per intent, one applied capture per paid booking."""
    intents: Counter[str] = Counter()
    settled: set[str] = set()
    for stream, events in log.streams.items():
        if not stream.startswith("payment-"):
            continue
        first = events[0].event
        assert isinstance(first, PaymentRequested)
        _check_attempts(stream, events)
        captures = {e.event.intent: e.event for e in events if isinstance(e.event, PaymentCaptured)}
        intents.update(e.event.intent for e in events if isinstance(e.event, PaymentCaptured))
        parked = [e.event for e in events if isinstance(e.event, FundsParked)]
        assert len({event.intent for event in parked}) == len(parked)
        for event in parked:
            assert event.amount == captures[event.intent].amount
            assert event.reason in PARK_REASONS
        applied = set(captures) - {event.intent for event in parked}
        assert len(applied) <= 1, f"{stream} was applied twice"
        for intent in applied:
            assert captures[intent].amount == first.due
            settled.add(first.booking)
    assert all(count == 1 for count in intents.values()), intents
    paid = {b for b, status in statuses.items() if status in {Status.PAID, Status.CONFIRMED}}
    assert paid == settled


def _check_attempts(stream: str, events: list[ports.RecordedEvent]) -> None:
    live: set[str] = set()
    begun: set[str] = set()
    for recorded in events:
        event = recorded.event
        if isinstance(event, AttemptStarted):
            assert event.attempt not in begun, f"{event.attempt} started twice"
            assert not live, f"{stream} has a live attempt already"
            live.add(event.attempt)
            begun.add(event.attempt)
        elif isinstance(event, AttemptExpired | AttemptRefused | PaymentCaptured):
            live.discard(event.attempt)


def entries_of(log: MemoryLog) -> list[Entry]:
    """All entries in log order."""
    return [
        recorded.event.entry
        for recorded in log.events
        if isinstance(recorded.event, PaymentCaptured | BookingConfirmed)
    ]


def balances_of(log: MemoryLog) -> Balances:
    """Sums by booking, account and currency."""
    balances: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for entry in entries_of(log):
        for posting in entry.postings:
            balances[posting.booking, posting.account, posting.currency] += posting.amount
    return {key: amount for key, amount in balances.items() if amount}


def check_ledger(log: MemoryLog, statuses: dict[str, Status]) -> None:
    """The books balance, and each account of each booking says what its events say."""
    for entry in entries_of(log):
        sums: Counter[str] = Counter()
        for posting in entry.postings:
            sums[posting.currency] += posting.amount
        assert not any(sums.values()), entry
    assert balances_of(log) == _expected_balances(log, statuses)


def _expected_balances(log: MemoryLog, statuses: dict[str, Status]) -> Balances:
    """What the books must say: captured, still unapplied, owed in carriage, tax and charges."""
    expected: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for recorded in log.events:
        event = recorded.event
        if isinstance(event, PaymentCaptured):
            booking = event.entry.postings[0].booking
            currency = event.amount.currency
            expected[booking, "1010", currency] += event.amount.amount
            expected[booking, "2020", currency] -= event.amount.amount
        elif isinstance(event, BookingInitiated):
            if statuses[recorded.stream] is not Status.CONFIRMED:
                continue
            currency = event.price.currency
            expected[recorded.stream, "2020", currency] += event.price.total().amount
            for line in event.price.lines:
                account = {"fare": "2000", "vat": "2300", "charge": "2310"}[line.kind]
                expected[recorded.stream, account, currency] -= line.amount
    return {key: amount for key, amount in expected.items() if amount}


def unapplied(log: MemoryLog, booking: str) -> int:
    """What is left in 2020 for a booking, in all currencies; credit negative."""
    return sum(
        amount
        for (of, account, _), amount in balances_of(log).items()
        if of == booking and account == "2020"
    )


def check_tickets(log: MemoryLog) -> None:
    """One ticket number for each passenger, given out once; the infants too."""
    numbers: list[str] = []
    for recorded in log.events:
        event = recorded.event
        if isinstance(event, BookingConfirmed):
            first = log.streams[recorded.stream][0].event
            assert isinstance(first, BookingInitiated)
            assert [t.passenger for t in event.tickets] == list(range(len(first.passengers)))
            numbers.extend(ticket.number for ticket in event.tickets)
    assert all(ids.is_ticket_number(number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def check_unapplied_funds(log: MemoryLog) -> None:
    """Nothing is left unapplied for a confirmed booking unless it was parked, to the unit."""
    parked: Counter[str] = Counter()
    confirmed: set[str] = set()
    for recorded in log.events:
        event = recorded.event
        if isinstance(event, FundsParked):
            first = log.streams[recorded.stream][0].event
            assert isinstance(first, PaymentRequested)
            parked[first.booking] += event.amount.amount
        elif isinstance(event, BookingConfirmed):
            confirmed.add(recorded.stream)
    for booking in confirmed:
        assert unapplied(log, booking) == -parked[booking], booking
