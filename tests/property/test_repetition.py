"""A decision made again on the state it led to records nothing (I2, M2, B5).

The walks are random; each step takes the state after its events, and is repeated.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.booking import sale
from domain.booking.fold import evolve as evolve_booking
from domain.booking.values import Ticket
from domain.inventory import operations, schedule, seat_sale, seating, waitlist
from domain.inventory.events import CabinLayout, Place
from domain.inventory.fold import evolve as evolve_flight
from domain.kernel import money
from domain.kernel.events import DomainEvent
from domain.kernel.fold import fold
from domain.kernel.rejections import Rejection
from domain.payment import attempts
from domain.payment import captures as payment_captures
from domain.payment.fold import evolve as evolve_payment
from infrastructure.event_store import codec
from tests.support import examples
from tests.support.examples import DUE, HOLD_UNTIL, NOW
from tests.support.launch_rules import AUTHORISED, BOARDING_CLOSES, LIMITS, SESSION

Step = tuple[Callable[..., Sequence[DomainEvent]], dict[str, Any]]
BOOKINGS = st.sampled_from(["booking-AAA222", "booking-BBB222", "booking-CCC222"])
INSTANTS = st.sampled_from([NOW, HOLD_UNTIL, examples.DEPARTS_AT])
ATTEMPTS = st.sampled_from([f"{examples.PAYMENT}-a{number}" for number in (1, 2, 3)])
SCHEDULED = msgspec.structs.replace(
    examples.scheduled(economy=3, business=2), layouts=(CabinLayout("Y", 3, 1, "ABC"),)
)
INTENTS = st.sampled_from(["pi_1", "pi_2", "pi_3"])


def steps(decision: Any, **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(decision), st.fixed_dictionaries(arguments))


FLIGHT_STEPS = st.one_of(
    steps(
        seat_sale.hold,
        booking=BOOKINGS,
        cabin=st.just("Y"),
        fare_class=st.just("Y"),
        seat_count=st.integers(1, 3),
        until=st.just(HOLD_UNTIL),
        limits=st.just(LIMITS),
        now=INSTANTS,
    ),
    steps(seat_sale.release_hold, booking=BOOKINGS, reason=st.just("hold_lapsed")),
    steps(seat_sale.sell, booking=BOOKINGS),
    steps(
        waitlist.join,
        booking=BOOKINGS,
        cabin=st.just("Y"),
        fare_class=st.just("Y"),
        seat_count=st.integers(1, 3),
        limits=st.just(LIMITS),
        now=INSTANTS,
    ),
    steps(waitlist.leave, booking=BOOKINGS, reason=st.just("cancelled")),
    steps(
        seating.assign,
        booking=BOOKINGS,
        places=st.sampled_from([(Place(0, "1A"),), (Place(0, "1B"), Place(1, "1A"))]),
        cabin=st.just("Y"),
    ),
    steps(
        seating.accept_check_in,
        booking=BOOKINGS,
        passengers=st.sampled_from(
            [
                (seating.SeatNeed(0),),
                (seating.SeatNeed(0, infant=True), seating.SeatNeed(1, takes_seat=False)),
            ]
        ),
        cabin=st.just("Y"),
    ),
    steps(operations.cancel, reason=st.just("technical")),
    steps(
        operations.depart,
        boarding_closes=st.just(BOARDING_CLOSES),
        departed_at=st.just(examples.DEPARTS_AT),
    ),
    steps(
        schedule.schedule,
        scheduled=st.just(SCHEDULED),
        by=st.just(AUTHORISED),
        now=st.just(examples.NOW),
    ),
)
BOOKING_STEPS = st.one_of(
    steps(sale.initiate, draft=st.just(examples.draft())),
    steps(sale.reserve, hold_until=st.just(HOLD_UNTIL)),
    steps(
        sale.pay,
        payment=st.sampled_from(["payment-ABC234-1", "payment-ABC234-2"]),
        captured=st.sampled_from([DUE, DUE, money.Money(1, "SAR")]),
    ),
    steps(
        sale.confirm,
        tickets=st.sampled_from([examples.TICKETS, (Ticket(0, "0650000000002"),)]),
        documents=st.just(()),
        entry=st.just(examples.ticketing_entry()),
    ),
    steps(sale.expire, reason=st.just("hold_lapsed"), now=INSTANTS),
)
# Everything that Stripe or a process may report of an attempt that was started.
REPORTS = st.one_of(
    steps(
        attempts.open_session,
        attempt=ATTEMPTS,
        session=st.just("cs_1"),
        url=st.just(examples.URL),
        expires_at=st.just(NOW + dt.timedelta(hours=1)),
    ),
    steps(attempts.mark_unresolved, attempt=ATTEMPTS),
    steps(attempts.refuse_attempt, attempt=ATTEMPTS, code=st.just("gone")),
    steps(attempts.expire_attempt, attempt=ATTEMPTS),
    steps(
        attempts.decline,
        attempt=ATTEMPTS,
        intent=INTENTS,
        charge=st.sampled_from(["ch_1", "ch_2"]),
        code=st.just("declined"),
    ),
    steps(
        payment_captures.capture,
        attempt=ATTEMPTS,
        intent=INTENTS,
        charge=st.just("ch_1"),
        amount=st.just(DUE),
        entry=st.just(examples.capture_entry()),
    ),
    steps(payment_captures.park, intent=INTENTS, reason=st.just("late")),
)
STARTS = steps(
    attempts.start_attempt,
    attempt=ATTEMPTS,
    idempotency_key=st.just("key"),
    locale=st.just("en"),
    lasts=st.just(SESSION),
    now=st.just(NOW),
)
PAYMENT_STEPS = REPORTS | STARTS


def walk(
    evolve: Callable[[Any, Any], Any], start: Any, path: Sequence[Step]
) -> list[tuple[Step, Any]]:
    """The steps that recorded something, each with the state after all of the path."""
    state = start
    recorded: list[Step] = []
    for step in path:
        events = _decide(state, step)
        if not events:
            continue
        state = fold(evolve, state, events)
        decision, arguments = step
        assert decision(state, **arguments) == [], f"{step} was recorded twice"
        recorded.append(step)
    return [(step, state) for step in recorded]


def _decide(state: Any, step: Step) -> Sequence[DomainEvent]:
    decision, arguments = step
    try:
        return decision(state, **arguments)
    except (Rejection, AssertionError):
        return ()


@given(st.lists(FLIGHT_STEPS, max_size=20))
def test_a_flight_records_no_step_twice_and_never_oversells(path: list[Step]) -> None:
    start = evolve_flight(None, SCHEDULED)
    for _, after in walk(evolve_flight, start, path)[-1:]:
        for cabin in after.cabins.values():
            assert cabin.free_count >= 0
            assert min(cabin.held_count, cabin.sold_count) >= 0


@given(st.lists(BOOKING_STEPS, max_size=20))
def test_a_booking_records_no_step_twice_neither_at_once_nor_ever_again(path: list[Step]) -> None:
    start = evolve_booking(None, examples.draft())
    for step, after in walk(evolve_booking, start, path):
        assert not _decide(after, step)


@given(st.lists(PAYMENT_STEPS, max_size=30))
def test_a_payment_records_no_step_twice_neither_at_once_nor_ever_again(path: list[Step]) -> None:
    start = evolve_payment(None, examples.REQUESTED)
    for step, after in walk(evolve_payment, start, path):
        assert not _decide(after, step)
        assert (
            sum(attempt.status in {"requested", "unknown", "open"} for attempt in after.attempts)
            <= 1
        )


@given(st.lists(PAYMENT_STEPS, max_size=12), st.lists(REPORTS, min_size=2, max_size=6), st.data())
def test_the_order_in_which_facts_arrive_does_not_change_the_money(
    path: list[Step], reports: list[Step], data: st.DataObject
) -> None:
    state = evolve_payment(None, examples.REQUESTED)
    state = evolve_payment(state, examples.started())
    for _, after in walk(evolve_payment, state, path)[-1:]:
        state = after
    captures = [step for step in reports if step[0] is not payment_captures.park]
    shuffled = data.draw(st.permutations(captures))
    money_after = []
    for order in (captures, shuffled):
        recorded = walk(evolve_payment, state, order)
        end = recorded[-1][1] if recorded else state
        money_after.append({(c.intent, c.amount, c.parked) for c in end.captures})
    assert money_after[0] == money_after[1]


@given(st.lists(BOOKING_STEPS, max_size=12))
def test_the_log_replays_to_the_state_that_the_decisions_saw(path: list[Step]) -> None:
    state: Any = None
    stored: list[tuple[str, bytes]] = []
    for step in path:
        if state is None and step[0] is not sale.initiate:
            continue
        for event in _decide(state, step):
            stored.append((event.tag, codec.encode(event)))
            recorded: Any = event
            state = evolve_booking(state, recorded)
    events: Any = [codec.decode(tag, payload) for tag, payload in stored]
    assert fold(evolve_booking, None, events) == state
