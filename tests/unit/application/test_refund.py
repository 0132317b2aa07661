"""Refunds as commands: what is drawn from which capture, what is recorded and sent, and once."""

import pytest

from application.payment.record_refund import (
    Accepted,
    Failed,
    RecordRefund,
    Refused,
    Result,
    Settled,
    Unresolved,
)
from application.payment.refund_payment import RefundPayment, SendRefund
from domain.kernel import money
from domain.payment import rejections
from domain.payment.events import (
    RefundAccepted,
    RefundFailed,
    RefundRefused,
    RefundRequested,
    RefundSettled,
    RefundUnresolved,
)
from domain.payment.state import RefundStatus
from tests.support import examples, invariants
from tests.support.airline import capture, payment_of
from tests.support.examples import DUE, FLIGHT, NOW, sar
from tests.support.memory_airline import MemoryAirline

HALF = sar(DUE.amount // 2)


@pytest.fixture
def airline() -> MemoryAirline:
    airline = MemoryAirline()
    airline.schedule(scheduled=examples.scheduled())
    return airline


@pytest.fixture
def booking(airline: MemoryAirline) -> str:
    """Paid and confirmed."""
    booking = airline.book(FLIGHT)
    airline.pay(booking, intent="pi_1")
    airline.confirm(booking)
    return booking


def refund(
    booking: str,
    amount: money.Money = HALF,
    *,
    obligation: str = "cancellation",
    intent: str | None = None,
) -> RefundPayment:
    payments = (payment_of(booking),)
    return RefundPayment(booking, obligation, amount, payments, intent)


def report(booking: str, result: Result, number: int = 1) -> RecordRefund:
    return RecordRefund(payment_of(booking), f"{payment_of(booking)}-r{number}", result)


def requests(airline: MemoryAirline, booking: str) -> list[tuple[str, str, int]]:
    return [
        (recorded.event.refund, recorded.event.intent, recorded.event.amount.amount)
        for recorded in airline.log.streams[payment_of(booking)]
        if isinstance(recorded.event, RefundRequested)
    ]


def sent(airline: MemoryAirline) -> list[SendRefund]:
    return [task for task in airline.log.outbox if isinstance(task, SendRefund)]


def status(airline: MemoryAirline, booking: str) -> RefundStatus:
    found: RefundStatus = airline.log.state(payment_of(booking)).refunds[0].status
    return found


def test_a_refund_is_recorded_and_given_to_the_worker_before_anyone_is_asked(
    airline: MemoryAirline, booking: str
) -> None:
    name = f"{payment_of(booking)}-r1"
    added = airline.added(refund(booking))
    expected = RefundRequested(
        refund=name,
        intent="pi_1",
        amount=HALF,
        obligation="cancellation",
        idempotency_key=f"refund:{name}",
        requested_at=NOW,
    )
    assert added == {payment_of(booking): [expected]}
    assert sent(airline) == [SendRefund(payment_of(booking), name)]


def test_the_answer_names_the_refunds_and_a_repeat_names_the_same(
    airline: MemoryAirline, booking: str
) -> None:
    first = airline.submit(refund(booking)).answer
    assert first.ids == {payment_of(booking): f"{payment_of(booking)}-r1"}
    before = len(airline.log.events)
    again = airline.submit(refund(booking)).answer
    assert again.ids == first.ids
    assert len(airline.log.events) == before
    assert len(sent(airline)) == 1


def test_an_obligation_is_refunded_once_even_with_another_amount_or_after_its_end(
    airline: MemoryAirline, booking: str
) -> None:
    airline.submit(refund(booking))
    assert airline.added(refund(booking, DUE)) == {}
    for result in (Settled("re_1"), Failed("re_1", "declined")):
        airline.submit(report(booking, result))
        assert airline.added(refund(booking)) == {}


def test_another_obligation_gets_another_refund_with_its_own_key(
    airline: MemoryAirline, booking: str
) -> None:
    airline.submit(refund(booking))
    airline.submit(refund(booking, sar(100), obligation="goodwill"))
    refunds = airline.log.state(payment_of(booking)).refunds
    assert [r.id[-3:] for r in refunds] == ["-r1", "-r2"]
    assert len({r.idempotency_key for r in refunds}) == 2


@pytest.mark.parametrize("amount", [sar(DUE.amount + 1), money.Money(DUE.amount, "USD")])
def test_more_than_was_captured_is_refused_and_nothing_is_recorded(
    airline: MemoryAirline, booking: str, amount: money.Money
) -> None:
    before = len(airline.log.events)
    with pytest.raises(rejections.RefundExceedsCaptured):
        airline.submit(refund(booking, amount))
    assert len(airline.log.events) == before
    assert sent(airline) == []


def test_to_give_nothing_back_records_nothing_and_less_than_nothing_is_a_bug(
    airline: MemoryAirline, booking: str
) -> None:
    assert airline.added(refund(booking, sar(0))) == {}
    with pytest.raises(AssertionError):
        airline.submit(refund(booking, sar(-1)))


def test_refunds_add_up_to_what_was_captured_and_no_unit_more(
    airline: MemoryAirline, booking: str
) -> None:
    airline.submit(refund(booking, HALF))
    with pytest.raises(rejections.RefundExceedsCaptured):
        airline.submit(refund(booking, sar(DUE.amount - HALF.amount + 1), obligation="rest"))
    airline.submit(refund(booking, sar(DUE.amount - HALF.amount), obligation="rest"))
    with pytest.raises(rejections.RefundExceedsCaptured):
        airline.submit(refund(booking, sar(1), obligation="more"))


def test_an_amount_over_several_captures_draws_the_applied_one_first(
    airline: MemoryAirline, booking: str
) -> None:
    for intent in ("pi_2", "pi_3"):
        airline.submit(capture(booking, DUE, intent=intent))
    airline.submit(refund(booking, sar(2 * DUE.amount + 5)))
    name = payment_of(booking)
    assert requests(airline, booking) == [
        (f"{name}-r1", "pi_1", DUE.amount),
        (f"{name}-r2", "pi_3", DUE.amount),
        (f"{name}-r3", "pi_2", 5),
    ]
    assert [task.refund[-3:] for task in sent(airline)] == ["-r1", "-r2", "-r3"]


def test_a_capture_may_be_named_so_that_parked_money_goes_back_where_it_came_from(
    airline: MemoryAirline, booking: str
) -> None:
    airline.submit(capture(booking, DUE, intent="pi_2"))
    airline.submit(refund(booking, DUE, obligation="duplicate", intent="pi_2"))
    assert requests(airline, booking) == [(f"{payment_of(booking)}-r1", "pi_2", DUE.amount)]
    with pytest.raises(rejections.RefundExceedsCaptured):
        airline.submit(refund(booking, sar(1), obligation="more", intent="pi_2"))


def test_a_payment_that_is_not_there_or_of_another_booking_is_refused(
    airline: MemoryAirline, booking: str
) -> None:
    other = airline.book(FLIGHT)
    with pytest.raises(rejections.PaymentNotFound):
        airline.submit(refund(other))
    airline.checkout(other)
    with pytest.raises(rejections.PaymentNotFound):
        airline.submit(RefundPayment(booking, "x", HALF, (payment_of(booking), payment_of(other))))
    with pytest.raises(rejections.RefundExceedsCaptured):
        airline.submit(refund(other, sar(1)))


@pytest.mark.parametrize(
    ("result", "kinds", "after"),
    [
        (Unresolved(), [RefundUnresolved], RefundStatus.UNKNOWN),
        (Refused("charge_already_refunded"), [RefundRefused], RefundStatus.REFUSED),
        (Accepted("re_1"), [RefundAccepted], RefundStatus.ACCEPTED),
        (Settled("re_1"), [RefundAccepted, RefundSettled], RefundStatus.SETTLED),
        (Failed("re_1", "declined"), [RefundAccepted, RefundFailed], RefundStatus.FAILED),
    ],
)
def test_what_stripe_reports_is_recorded_with_every_step_that_it_skipped(
    airline: MemoryAirline, booking: str, result: Result, kinds: list[type], after: RefundStatus
) -> None:
    airline.submit(refund(booking))
    added = airline.added(report(booking, result))
    assert list(added) == [payment_of(booking)]
    assert [type(event) for event in added[payment_of(booking)]] == kinds
    assert status(airline, booking) is after
    assert airline.added(report(booking, result)) == {}


def test_the_books_show_what_left_the_balance_and_what_was_returned(
    airline: MemoryAirline, booking: str
) -> None:
    def owed_and_clearing() -> tuple[int, int]:
        balances = invariants.balances_of(airline.log)
        return (
            balances.get((booking, "2100", "SAR"), 0),
            balances[booking, "1010", "SAR"],
        )

    airline.submit(refund(booking))
    assert owed_and_clearing() == (0, DUE.amount)
    airline.submit(report(booking, Accepted("re_1")))
    assert owed_and_clearing() == (HALF.amount, DUE.amount - HALF.amount)
    airline.submit(report(booking, Settled("re_1")))
    assert owed_and_clearing() == (HALF.amount, DUE.amount - HALF.amount)
    airline.submit(report(booking, Failed("re_1", "lost_or_stolen_card")))
    assert owed_and_clearing() == (0, DUE.amount)


def test_entries_name_stripes_refund_and_the_intent(airline: MemoryAirline, booking: str) -> None:
    airline.submit(refund(booking))
    added = airline.added(report(booking, Failed("re_1", "declined")))
    accepted, failed = added[payment_of(booking)]
    assert isinstance(accepted, RefundAccepted)
    assert isinstance(failed, RefundFailed)
    assert accepted.entry.references == failed.entry.references == ("re_1", "pi_1")


@pytest.mark.parametrize(
    "order",
    [
        [Settled("re_1"), Accepted("re_1"), Unresolved(), Refused("x")],
        [Accepted("re_1"), Settled("re_1"), Refused("x"), Accepted("re_1")],
        [Unresolved(), Settled("re_1"), Settled("re_1"), Accepted("re_1")],
        [Settled("re_1"), Failed("re_2", "of another refund"), Settled("re_2")],
    ],
)
def test_older_news_after_newer_changes_nothing(
    airline: MemoryAirline, booking: str, order: list[Result]
) -> None:
    airline.submit(refund(booking))
    for result in order:
        airline.submit(report(booking, result))
    assert status(airline, booking) is RefundStatus.SETTLED


def test_an_outcome_of_a_refund_that_was_never_requested_is_refused(
    airline: MemoryAirline, booking: str
) -> None:
    for number in (1, 9):
        with pytest.raises(rejections.PaymentNotFound):
            airline.submit(report(booking, Accepted("re_1"), number))
    with pytest.raises(rejections.PaymentNotFound):
        airline.submit(RecordRefund("payment-ZZZZZZ-1", "payment-ZZZZZZ-1-r1", Unresolved()))
