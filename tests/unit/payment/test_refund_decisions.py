"""Refunds of captured money: each outcome allowed, refused, already so, and in any order."""

import datetime as dt

import pytest

from domain.kernel import entries, money
from domain.kernel.events import DomainEvent
from domain.ledger import rules as ledger_rules
from domain.payment import refunds, rejections
from domain.payment.events import (
    PaymentRequested,
    RefundAccepted,
    RefundFailed,
    RefundRefused,
    RefundRequested,
    RefundSettled,
    RefundUnresolved,
)
from domain.payment.fold import evolve
from domain.payment.state import Payment, RefundStatus
from tests.support import scenario
from tests.support.examples import (
    BOOKING,
    DUE,
    NOW,
    PAYMENT,
    REQUESTED,
    captured,
    parked,
    sar,
    started,
)

REFUND = f"{PAYMENT}-r1"
SECOND = f"{PAYMENT}-r2"
HALF = sar(DUE.amount // 2)


def entry(amount: money.Money = HALF) -> entries.Entry:
    return ledger_rules.refund_accepted_entry(
        booking=BOOKING, amount=amount, references=("re_1",), now=NOW
    )


def reversal(amount: money.Money = HALF) -> entries.Entry:
    return ledger_rules.refund_failed_entry(
        booking=BOOKING, amount=amount, references=("re_1",), now=NOW
    )


def requested(
    refund: str = REFUND,
    amount: money.Money = HALF,
    *,
    obligation: str = "cancellation",
    intent: str = "pi_1",
) -> RefundRequested:
    return RefundRequested(
        refund=refund,
        intent=intent,
        amount=amount,
        obligation=obligation,
        idempotency_key=f"refund:{refund}",
        requested_at=NOW,
    )


UNRESOLVED = RefundUnresolved(refund=REFUND)
ACCEPTED = RefundAccepted(refund=REFUND, provider_refund="re_1", entry=entry())
SETTLED = RefundSettled(refund=REFUND)
REFUSED = RefundRefused(refund=REFUND, code="charge_already_refunded")
FAILED = RefundFailed(refund=REFUND, code="lost_or_stolen_card", entry=reversal())


def given(*events: DomainEvent) -> scenario.Scenario[Payment]:
    return scenario.given(evolve, REQUESTED, started(), captured(), *events)


def ask(
    state: scenario.Scenario[Payment],
    refund: str = REFUND,
    amount: money.Money = HALF,
    *,
    obligation: str = "cancellation",
    intent: str = "pi_1",
    now: dt.datetime = NOW,
) -> scenario.Outcome:
    return state.when(
        refunds.request_refund,
        refund=refund,
        intent=intent,
        amount=amount,
        obligation=obligation,
        idempotency_key=f"refund:{refund}",
        now=now,
    )


def leave(state: scenario.Scenario[Payment]) -> scenario.Outcome:
    return state.when(refunds.mark_refund_unresolved, refund=REFUND)


def accept(state: scenario.Scenario[Payment], provider: str = "re_1") -> scenario.Outcome:
    return state.when(refunds.accept_refund, refund=REFUND, provider_refund=provider, entry=entry())


def settle(state: scenario.Scenario[Payment], provider: str = "re_1") -> scenario.Outcome:
    return state.when(refunds.settle_refund, refund=REFUND, provider_refund=provider)


def refuse(state: scenario.Scenario[Payment]) -> scenario.Outcome:
    return state.when(refunds.refuse_refund, refund=REFUND, code="charge_already_refunded")


def fail(state: scenario.Scenario[Payment], provider: str = "re_1") -> scenario.Outcome:
    return state.when(
        refunds.fail_refund,
        refund=REFUND,
        provider_refund=provider,
        code="lost_or_stolen_card",
        entry=reversal(),
    )


def status(*events: DomainEvent) -> RefundStatus:
    state = given(requested(), *events).state
    assert state is not None
    known = state.refund(REFUND)
    assert known is not None
    return known.status


def refundable(*events: DomainEvent, intent: str = "pi_1") -> money.Money:
    state = given(*events).state
    assert state is not None
    return state.refundable(intent)


def test_the_intention_to_refund_is_recorded_with_its_key_and_instant() -> None:
    ask(given()).then(requested())
    assert status() is RefundStatus.REQUESTED


def test_one_obligation_asks_once_from_each_capture_whatever_became_of_it() -> None:
    later = NOW + dt.timedelta(days=2)
    for end in ((), (UNRESOLVED,), (ACCEPTED,), (ACCEPTED, FAILED), (REFUSED,)):
        ask(given(requested(), *end), SECOND, sar(1), now=later).then_nothing()
    both = given(captured(intent="pi_2"), requested())
    ask(both, SECOND, intent="pi_2").then(requested(SECOND, intent="pi_2"))


def test_all_of_a_capture_may_be_asked_back_and_no_unit_more() -> None:
    ask(given(), amount=DUE).then(requested(amount=DUE))
    more = sar(DUE.amount + 1)
    ask(given(), amount=more).then_rejected(rejections.RefundExceedsCaptured)
    assert rejections.RefundExceedsCaptured.code == "REFUND_EXCEEDS_CAPTURED"


@pytest.mark.parametrize(
    "reported",
    [(), (UNRESOLVED,), (ACCEPTED,), (ACCEPTED, SETTLED)],
    ids=lambda reported: len(reported),
)
def test_what_is_requested_or_refunded_is_not_requested_again(
    reported: tuple[DomainEvent, ...],
) -> None:
    state = given(requested(), *reported)
    assert refundable(requested(), *reported) == sar(DUE.amount - HALF.amount)
    rest = sar(DUE.amount - HALF.amount)
    ask(state, SECOND, rest, obligation="goodwill").then(
        requested(SECOND, rest, obligation="goodwill")
    )
    more = sar(rest.amount + 1)
    ask(state, SECOND, more, obligation="goodwill").then_rejected(rejections.RefundExceedsCaptured)


@pytest.mark.parametrize("reported", [(REFUSED,), (ACCEPTED, FAILED), (ACCEPTED, SETTLED, FAILED)])
def test_what_was_refused_or_failed_may_be_asked_back_for_another_obligation(
    reported: tuple[DomainEvent, ...],
) -> None:
    assert refundable(requested(amount=DUE), *reported) == DUE
    ask(given(requested(amount=DUE), *reported), SECOND, DUE, obligation="again").then(
        requested(SECOND, DUE, obligation="again")
    )


def test_each_capture_refunds_its_own_money_and_no_other() -> None:
    two = (captured(sar(100), intent="pi_2"), requested(amount=DUE))
    assert refundable(*two) == sar(0)
    assert refundable(*two, intent="pi_2") == sar(100)
    ask(given(*two), SECOND, sar(101), obligation="x", intent="pi_2").then_rejected(
        rejections.RefundExceedsCaptured
    )


def test_parked_money_may_be_refunded() -> None:
    extra = (captured(intent="pi_2"), parked(intent="pi_2", reason="duplicate"))
    ask(given(*extra), amount=DUE, intent="pi_2").then(requested(amount=DUE, intent="pi_2"))


def test_another_currency_than_was_captured_is_refused() -> None:
    ask(given(), amount=money.Money(1, "USD")).then_rejected(rejections.RefundExceedsCaptured)


@pytest.mark.parametrize("amount", [money.Money(0, "SAR"), money.Money(-1, "SAR")])
def test_refunding_nothing_or_less_is_a_bug(amount: money.Money) -> None:
    with pytest.raises(AssertionError):
        ask(given(), amount=amount)


def test_three_decimal_money_is_refunded_in_tens() -> None:
    dinars = money.Money(51_240, "KWD")
    paid = scenario.given(
        evolve, PaymentRequested(booking=BOOKING, due=dinars), captured(dinars, attempt="")
    )
    part = money.Money(51_230, "KWD")
    ask(paid, amount=part).then(requested(amount=part))
    with pytest.raises(AssertionError):
        ask(paid, amount=money.Money(51_234, "KWD"))


def test_money_that_was_never_captured_is_not_asked_back() -> None:
    with pytest.raises(AssertionError):
        ask(given(), intent="pi_9")


def test_a_second_refund_of_the_same_name_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        ask(given(requested()), REFUND, obligation="another")


def test_no_answer_in_time_is_unknown_and_never_failed() -> None:
    leave(given(requested())).then(UNRESOLVED)
    assert status(UNRESOLVED) is RefundStatus.UNKNOWN


@pytest.mark.parametrize("reported", [UNRESOLVED, ACCEPTED, REFUSED])
def test_a_refund_whose_outcome_is_known_does_not_become_unknown(reported: DomainEvent) -> None:
    leave(given(requested(), reported)).then_nothing()


@pytest.mark.parametrize("earlier", [(), (UNRESOLVED,)])
def test_acceptance_is_recorded_with_stripes_id_and_the_entry(
    earlier: tuple[DomainEvent, ...],
) -> None:
    accept(given(requested(), *earlier)).then(ACCEPTED)
    assert status(*earlier, ACCEPTED) is RefundStatus.ACCEPTED


@pytest.mark.parametrize("later", [(), (SETTLED,), (FAILED,), (SETTLED, FAILED)])
def test_acceptance_is_recorded_once_however_often_and_late_it_is_reported(
    later: tuple[DomainEvent, ...],
) -> None:
    accept(given(requested(), ACCEPTED, *later)).then_nothing()
    accept(given(requested(), ACCEPTED, *later), "re_2").then_nothing()


def test_money_that_left_is_recorded_although_a_refusal_was_reported_before() -> None:
    accept(given(requested(), REFUSED)).then(ACCEPTED)
    assert status(REFUSED, ACCEPTED) is RefundStatus.ACCEPTED


def test_an_accepted_refund_settles_once() -> None:
    settle(given(requested(), ACCEPTED)).then(SETTLED)
    assert status(ACCEPTED, SETTLED) is RefundStatus.SETTLED
    settle(given(requested(), ACCEPTED, SETTLED)).then_nothing()


@pytest.mark.parametrize(
    "earlier", [(), (UNRESOLVED,), (REFUSED,), (ACCEPTED, FAILED), (ACCEPTED, SETTLED, FAILED)]
)
def test_only_an_accepted_refund_settles_and_never_after_it_failed(
    earlier: tuple[DomainEvent, ...],
) -> None:
    settle(given(requested(), *earlier)).then_nothing()


@pytest.mark.parametrize("earlier", [(), (UNRESOLVED,)])
def test_a_definite_no_ends_a_refund_that_nobody_accepted(
    earlier: tuple[DomainEvent, ...],
) -> None:
    refuse(given(requested(), *earlier)).then(REFUSED)


@pytest.mark.parametrize("reported", [(REFUSED,), (ACCEPTED,), (ACCEPTED, SETTLED)])
def test_a_refusal_does_not_undo_what_is_known(reported: tuple[DomainEvent, ...]) -> None:
    refuse(given(requested(), *reported)).then_nothing()


@pytest.mark.parametrize("earlier", [(ACCEPTED,), (ACCEPTED, SETTLED)])
def test_a_refund_may_fail_even_after_it_had_succeeded(earlier: tuple[DomainEvent, ...]) -> None:
    fail(given(requested(), *earlier)).then(FAILED)
    assert status(*earlier, FAILED) is RefundStatus.FAILED


@pytest.mark.parametrize("earlier", [(), (UNRESOLVED,), (REFUSED,), (ACCEPTED, FAILED)])
def test_only_what_was_accepted_fails_and_once(earlier: tuple[DomainEvent, ...]) -> None:
    fail(given(requested(), *earlier)).then_nothing()


def test_news_of_another_refund_at_stripe_changes_nothing() -> None:
    settle(given(requested(), ACCEPTED), "re_2").then_nothing()
    fail(given(requested(), ACCEPTED), "re_2").then_nothing()


@pytest.mark.parametrize("decide", [leave, accept, settle, refuse, fail])
def test_an_outcome_of_a_refund_that_was_never_requested_is_a_bug(decide) -> None:  # type: ignore[no-untyped-def]  # five signatures
    with pytest.raises(AssertionError):
        decide(given())


def test_the_entries_of_a_refund_that_failed_sum_to_nothing() -> None:
    sums: dict[str, int] = {}
    for entry in (ACCEPTED.entry, FAILED.entry):
        for posting in entry.postings:
            sums[posting.account] = sums.get(posting.account, 0) + posting.amount
    assert sums == {"1010": 0, "2100": 0}
