"""Bookings: initiate, reserve, pay, confirm, expire; each allowed, refused, and already so."""

import datetime as dt
from collections.abc import Callable

import msgspec
import pytest

from domain.booking import rejections, sale
from domain.booking.events import BookingExpired, BookingInitiated
from domain.booking.fold import evolve
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.booking.values import Segment, Ticket
from domain.kernel import money, sealed
from domain.kernel.events import DomainEvent
from tests.support import examples, scenario
from tests.support.examples import (
    CONFIRMED,
    DUE,
    EXPIRED,
    HOLD_UNTIL,
    PAID,
    PAYMENT,
    RESERVED,
    TICKETS,
    draft,
    sar,
    ticketing_entry,
)


def given(*events: DomainEvent) -> scenario.Scenario[Booking]:
    return scenario.given(evolve, *events)


def in_status(status: Status) -> scenario.Scenario[Booking]:
    """A booking that stands anywhere in the table, also where no decision leads to yet."""
    booking = given(draft(), RESERVED).state
    assert booking is not None
    return scenario.Scenario(msgspec.structs.replace(booking, status=status))


def initiate(state: scenario.Scenario[Booking], wanted: BookingInitiated) -> scenario.Outcome:
    return state.when(sale.initiate, draft=wanted)


def reserve(state: scenario.Scenario[Booking]) -> scenario.Outcome:
    return state.when(sale.reserve, hold_until=HOLD_UNTIL)


def pay(
    state: scenario.Scenario[Booking], captured: money.Money = DUE, payment: str = PAYMENT
) -> scenario.Outcome:
    return state.when(sale.pay, payment=payment, captured=captured)


def confirm(
    state: scenario.Scenario[Booking], tickets: tuple[Ticket, ...] = TICKETS
) -> scenario.Outcome:
    return state.when(sale.confirm, tickets=tickets, documents=(), entry=ticketing_entry())


def expire(state: scenario.Scenario[Booking], now: dt.datetime = HOLD_UNTIL) -> scenario.Outcome:
    return state.when(sale.expire, reason="hold_lapsed", now=now)


def test_a_draft_opens_a_booking() -> None:
    initiate(given(), draft()).then(draft())


@pytest.mark.parametrize("later", [(), (RESERVED,), (RESERVED, PAID), (RESERVED, EXPIRED)])
def test_the_same_draft_again_records_nothing(later: tuple[DomainEvent, ...]) -> None:
    initiate(given(draft(), *later), draft()).then_nothing()


@pytest.mark.parametrize(
    "changes",
    [
        {"owner": "user-2"},
        {"segments": (Segment("flight-SV1-2026-11-24", "Y", "Y"),)},
        {"segments": (Segment(examples.FLIGHT, "J", "J"),)},
        {"segments": (Segment(examples.FLIGHT, "Y", "K"),)},
        {"passengers": (examples.passenger(number=7),)},
        {"contact": sealed.Sealed("subject-9", b"\x00other")},
        {"price": draft(domestic=False).price},
    ],
)
def test_a_locator_is_never_given_to_a_different_draft(changes: dict[str, object]) -> None:
    other = msgspec.structs.replace(draft(), **changes)
    initiate(given(draft()), other).then_rejected(rejections.LocatorTaken)


def test_a_draft_with_seats_is_reserved() -> None:
    reserve(given(draft())).then(RESERVED)


def test_reserving_twice_records_nothing_new() -> None:
    reserve(given(draft(), RESERVED)).then_nothing()


@pytest.mark.parametrize("later", [(PAID,), (PAID, CONFIRMED), (EXPIRED,)])
def test_a_booking_that_went_on_is_not_reserved_again(later: tuple[DomainEvent, ...]) -> None:
    reserve(given(draft(), RESERVED, *later)).then_rejected(rejections.TransitionRefused)


def test_exactly_the_amount_due_pays_a_reserved_booking() -> None:
    pay(given(draft(), RESERVED)).then(PAID)


def test_the_same_payment_again_records_nothing() -> None:
    pay(given(draft(), RESERVED, PAID)).then_nothing()
    pay(given(draft(), RESERVED, PAID, CONFIRMED)).then_nothing()


@pytest.mark.parametrize(
    "captured",
    [
        sar(DUE.amount - 1),
        sar(DUE.amount + 1),
        sar(0),
        sar(-DUE.amount),
        money.Money(DUE.amount, "USD"),
    ],
)
def test_any_other_money_does_not_pay(captured: money.Money) -> None:
    outcome = pay(given(draft(), RESERVED), captured)
    outcome.then_rejected(rejections.AmountDiffers, due=DUE.amount, currency="SAR")


def test_late_money_does_not_revive_an_expired_booking() -> None:
    pay(given(draft(), RESERVED, EXPIRED)).then_rejected(rejections.BookingHasExpired)


@pytest.mark.parametrize("later", [(PAID,), (PAID, CONFIRMED)])
def test_another_payment_does_not_pay_a_paid_booking(later: tuple[DomainEvent, ...]) -> None:
    state = given(draft(), RESERVED, *later)
    pay(state, payment="payment-ABC234-2").then_rejected(rejections.TransitionRefused)


def test_a_draft_without_seats_cannot_be_paid() -> None:
    pay(given(draft())).then_rejected(
        rejections.TransitionRefused, before="initiated", after="paid"
    )


def test_a_paid_booking_is_confirmed_with_a_ticket_for_each_passenger() -> None:
    confirm(given(draft(), RESERVED, PAID)).then(CONFIRMED)


def test_confirming_twice_records_nothing_new_and_keeps_the_first_tickets() -> None:
    confirmed = given(draft(), RESERVED, PAID, CONFIRMED)
    confirm(confirmed, (Ticket(0, "0650000000099"),)).then_nothing()
    assert confirmed.state is not None
    assert confirmed.state.tickets == TICKETS


@pytest.mark.parametrize("earlier", [(), (RESERVED,), (RESERVED, EXPIRED)])
def test_an_unpaid_booking_is_never_confirmed(earlier: tuple[DomainEvent, ...]) -> None:
    confirm(given(draft(), *earlier)).then_rejected(rejections.TransitionRefused)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.CONFIRMED])
def test_only_paid_leads_to_confirmed(status: Status) -> None:
    if status is Status.PAID:
        confirm(given(draft(), RESERVED, PAID)).then(CONFIRMED)
    else:
        confirm(in_status(status)).then_rejected(rejections.TransitionRefused, before=status.value)


@pytest.mark.parametrize(
    "captured", [None, sar(DUE.amount - 1), sar(DUE.amount + 1), money.Money(DUE.amount, "USD")]
)
def test_a_paid_booking_without_exactly_the_amount_due_cannot_be_confirmed(
    captured: money.Money | None,
) -> None:
    paid = given(draft(), RESERVED, PAID).state
    assert paid is not None
    broken = scenario.Scenario(msgspec.structs.replace(paid, captured=captured))
    with pytest.raises(AssertionError, match="amount due"):
        confirm(broken)


@pytest.mark.parametrize(
    "tickets",
    [
        (),
        (Ticket(1, "0650000000001"),),
        (Ticket(0, "0650000000001"), Ticket(1, "0650000000002")),
        (Ticket(0, ""),),
        (Ticket(0, "065000000001"),),
        (Ticket(0, "06500000000O1"),),
    ],
)
def test_a_booking_without_a_ticket_number_for_each_passenger_cannot_be_confirmed(
    tickets: tuple[Ticket, ...],
) -> None:
    with pytest.raises(AssertionError):
        confirm(given(draft(), RESERVED, PAID), tickets)


def test_two_passengers_never_share_a_ticket_number() -> None:
    two = draft("ADT", "INF")
    paid = msgspec.structs.replace(PAID, amount=two.price.total())
    one_number = (Ticket(0, "0650000000001"), Ticket(1, "0650000000001"))
    with pytest.raises(AssertionError):
        confirm(given(two, RESERVED, paid), one_number)


def test_an_infant_gets_a_ticket_number_too() -> None:
    two = draft("ADT", "INF")
    paid = msgspec.structs.replace(PAID, amount=two.price.total())
    with pytest.raises(AssertionError):
        confirm(given(two, RESERVED, paid), TICKETS)
    both = (Ticket(0, "0650000000001"), Ticket(1, "0650000000002"))
    assert len(confirm(given(two, RESERVED, paid), both).events) == 1


def test_a_hold_lapses_at_its_deadline_and_not_a_moment_before() -> None:
    expire(given(draft(), RESERVED)).then(EXPIRED)
    too_early = expire(given(draft(), RESERVED), HOLD_UNTIL - dt.timedelta(microseconds=1))
    too_early.then_rejected(rejections.HoldStillRuns, until=HOLD_UNTIL.isoformat())


def test_a_draft_without_seats_lapses_at_any_time() -> None:
    expire(given(draft()), HOLD_UNTIL - dt.timedelta(days=1)).then(
        BookingExpired(reason="hold_lapsed")
    )


def test_expiring_twice_records_nothing_new() -> None:
    expire(given(draft(), RESERVED, EXPIRED)).then_nothing()


@pytest.mark.parametrize("later", [(PAID,), (PAID, CONFIRMED)])
def test_a_paid_booking_never_lapses(later: tuple[DomainEvent, ...]) -> None:
    long_after = HOLD_UNTIL + dt.timedelta(days=9)
    outcome = expire(given(draft(), RESERVED, *later), long_after)
    outcome.then_rejected(rejections.TransitionRefused, after="expired")


STEPS: dict[Status, Callable[[scenario.Scenario[Booking]], scenario.Outcome]] = {
    Status.RESERVED: reserve,
    Status.PAID: pay,
    Status.EXPIRED: expire,
}


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", STEPS)
def test_each_decision_follows_the_table_from_every_state(before: Status, after: Status) -> None:
    outcome = STEPS[after](in_status(before))
    table = {
        Status.RESERVED: {Status.INITIATED, Status.PENDING},
        Status.PAID: {Status.PENDING, Status.RESERVED},
        Status.EXPIRED: {Status.INITIATED, Status.PENDING, Status.RESERVED},
    }
    if before in table[after]:
        moved = scenario.given(evolve, draft(), RESERVED, *outcome.events).state
        assert moved is not None
        assert moved.status is after
    else:
        assert outcome.events == []
        assert (outcome.rejection is None) == (before is after and after is not Status.PAID)


@pytest.mark.parametrize("decide", [reserve, pay, confirm])
def test_nothing_happens_to_an_expired_booking_any_more(
    decide: Callable[[scenario.Scenario[Booking]], scenario.Outcome],
) -> None:
    assert decide(given(draft(), RESERVED, EXPIRED)).rejection is not None
