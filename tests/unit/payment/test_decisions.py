"""Payments: attempts, declines, captures, parked money; each allowed, refused, already so."""

import datetime as dt

import pytest

from domain.kernel import money
from domain.kernel.events import DomainEvent
from domain.payment import attempts, captures, idempotency_keys, rejections
from domain.payment.events import (
    AttemptExpired,
    AttemptRefused,
    AttemptUnresolved,
    PaymentDeclined,
    PaymentDelayed,
)
from domain.payment.fold import evolve
from domain.payment.state import AttemptStatus, Payment
from tests.support import examples, scenario
from tests.support.examples import (
    ATTEMPT,
    BOOKING,
    DUE,
    NOW,
    REQUESTED,
    captured,
    opened,
    parked,
    sar,
    started,
)
from tests.support.launch_rules import SESSION

SECOND = "payment-ABC234-1-a2"
UNRESOLVED = AttemptUnresolved(attempt=ATTEMPT)
DELAYED = PaymentDelayed(attempt=ATTEMPT, intent="pi_1")
REFUSED = AttemptRefused(attempt=ATTEMPT, code="resource_missing")
LAPSED = AttemptExpired(attempt=ATTEMPT)
DECLINED = PaymentDeclined(
    attempt=ATTEMPT, intent="pi_1", charge="ch_no", code="insufficient_funds"
)


def given(*events: DomainEvent) -> scenario.Scenario[Payment]:
    return scenario.given(evolve, REQUESTED, *events)


def start(state: scenario.Scenario[Payment], attempt: str = ATTEMPT) -> scenario.Outcome:
    return state.when(
        attempts.start_attempt,
        attempt=attempt,
        idempotency_key=f"checkout:{attempt}",
        locale="en",
        lasts=SESSION,
        now=NOW,
    )


def open_session(state: scenario.Scenario[Payment]) -> scenario.Outcome:
    expected = opened()
    return state.when(
        attempts.open_session,
        attempt=ATTEMPT,
        session=expected.session,
        url=expected.url,
        expires_at=expected.expires_at,
    )


def leave_unresolved(state: scenario.Scenario[Payment]) -> scenario.Outcome:
    return state.when(attempts.mark_unresolved, attempt=ATTEMPT)


def refuse(state: scenario.Scenario[Payment]) -> scenario.Outcome:
    return state.when(attempts.refuse_attempt, attempt=ATTEMPT, code="resource_missing")


def expire(state: scenario.Scenario[Payment]) -> scenario.Outcome:
    return state.when(attempts.expire_attempt, attempt=ATTEMPT)


def delay(state: scenario.Scenario[Payment]) -> scenario.Outcome:
    return state.when(attempts.delay, attempt=ATTEMPT, intent="pi_1")


def decline(
    state: scenario.Scenario[Payment], *, attempt: str = ATTEMPT, charge: str = "ch_no"
) -> scenario.Outcome:
    return state.when(
        attempts.decline,
        attempt=attempt,
        intent="pi_1",
        charge=charge,
        code="insufficient_funds",
    )


def capture(
    state: scenario.Scenario[Payment],
    amount: money.Money = DUE,
    *,
    intent: str = "pi_1",
    attempt: str = ATTEMPT,
) -> scenario.Outcome:
    expected = captured(amount, intent=intent, attempt=attempt)
    return state.when(
        captures.capture,
        attempt=attempt,
        intent=intent,
        charge=expected.charge,
        amount=amount,
        entry=expected.entry,
    )


def status(state: scenario.Scenario[Payment], attempt: str = ATTEMPT) -> AttemptStatus:
    assert state.state is not None
    known = state.state.attempt(attempt)
    assert known is not None
    return known.status


def live(state: scenario.Scenario[Payment]) -> str | None:
    assert state.state is not None
    attempt = state.state.live_attempt()
    return attempt.id if attempt else None


def test_an_amount_is_requested_once() -> None:
    nothing_yet = scenario.given(evolve)
    nothing_yet.when(attempts.request, booking=BOOKING, due=DUE).then(REQUESTED)
    given().when(attempts.request, booking=BOOKING, due=DUE).then_nothing()


def test_the_intention_to_open_a_session_is_recorded_with_its_key() -> None:
    start(given()).then(started())


def test_a_session_lives_an_hour_in_whole_seconds() -> None:
    asked = NOW + dt.timedelta(microseconds=999_999)
    assert attempts.session_expires_at(lasts=SESSION, now=asked) == NOW + dt.timedelta(hours=1)


@pytest.mark.parametrize("later", [(), (UNRESOLVED,), (opened(),), (UNRESOLVED, opened())])
def test_no_second_attempt_starts_while_one_is_live(later: tuple[DomainEvent, ...]) -> None:
    start(given(started(), *later), SECOND).then_nothing()
    assert live(given(started(), *later)) == ATTEMPT


@pytest.mark.parametrize("end", [(REFUSED,), (LAPSED,), (opened(), LAPSED), (UNRESOLVED, REFUSED)])
def test_another_attempt_may_start_once_the_first_is_over(end: tuple[DomainEvent, ...]) -> None:
    over = given(started(), *end)
    assert live(over) is None
    start(over, SECOND).then(started(SECOND))


def test_an_attempt_id_starts_once_even_after_it_is_over() -> None:
    start(given(started(), LAPSED)).then_nothing()


def test_nothing_is_started_once_the_amount_is_captured() -> None:
    start(given(started(), captured()), SECOND).then_rejected(rejections.AlreadyPaid)


def test_parked_money_does_not_settle_the_amount_due() -> None:
    unsettled = given(started(), captured(sar(1)), parked(sar(1), reason="amount_differs"))
    assert unsettled.state is not None
    assert not unsettled.state.is_settled()
    start(unsettled, SECOND).then(started(SECOND))


@pytest.mark.parametrize("earlier", [(), (UNRESOLVED,)])
def test_a_session_opens_whether_the_answer_came_in_time_or_late(
    earlier: tuple[DomainEvent, ...],
) -> None:
    open_session(given(started(), *earlier)).then(opened())
    assert status(given(started(), *earlier, opened())) is AttemptStatus.OPEN


@pytest.mark.parametrize("later", [(opened(),), (LAPSED,), (REFUSED,), (captured(),)])
def test_a_session_reported_again_or_too_late_records_nothing(
    later: tuple[DomainEvent, ...],
) -> None:
    open_session(given(started(), *later)).then_nothing()


def test_no_answer_in_time_is_unknown_and_never_failed() -> None:
    leave_unresolved(given(started())).then(UNRESOLVED)
    unknown = given(started(), UNRESOLVED)
    assert status(unknown) is AttemptStatus.UNKNOWN
    assert live(unknown) == ATTEMPT


@pytest.mark.parametrize("later", [UNRESOLVED, opened(), LAPSED, REFUSED, captured()])
def test_an_attempt_whose_outcome_is_known_does_not_become_unknown(later: DomainEvent) -> None:
    leave_unresolved(given(started(), later)).then_nothing()


@pytest.mark.parametrize("earlier", [(), (UNRESOLVED,)])
def test_a_definite_no_ends_the_attempt(earlier: tuple[DomainEvent, ...]) -> None:
    refuse(given(started(), *earlier)).then(REFUSED)
    assert status(given(started(), *earlier, REFUSED)) is AttemptStatus.REFUSED


@pytest.mark.parametrize("later", [opened(), REFUSED, LAPSED, captured()])
def test_a_refusal_does_not_undo_what_is_known(later: DomainEvent) -> None:
    refuse(given(started(), later)).then_nothing()


@pytest.mark.parametrize("earlier", [(), (UNRESOLVED,), (opened(),)])
def test_a_live_attempt_lapses(earlier: tuple[DomainEvent, ...]) -> None:
    expire(given(started(), *earlier)).then(LAPSED)
    assert live(given(started(), *earlier, LAPSED)) is None


@pytest.mark.parametrize("later", [LAPSED, REFUSED, captured()])
def test_an_attempt_that_is_over_does_not_lapse(later: DomainEvent) -> None:
    expire(given(started(), later)).then_nothing()


@pytest.mark.parametrize("decide", [open_session, leave_unresolved, refuse, expire])
def test_an_outcome_of_an_attempt_that_was_never_started_is_a_bug(decide) -> None:  # type: ignore[no-untyped-def]  # four signatures
    with pytest.raises(AssertionError):
        decide(given())


def test_a_bank_that_decides_is_recorded_once_and_no_second_attempt_starts() -> None:
    delay(given(started(), opened())).then(DELAYED)
    delay(given(started(), opened(), DELAYED)).then_nothing()
    waiting = given(started(), opened(), DELAYED)
    start(waiting, SECOND).then_nothing()
    assert waiting.state is not None
    with pytest.raises(rejections.AttemptPending):
        attempts.require_payable(waiting.state.attempts[0])


@pytest.mark.parametrize("end", [LAPSED, REFUSED, captured()])
def test_a_delay_that_is_reported_after_its_end_records_nothing(end: DomainEvent) -> None:
    delay(given(started(), opened(), end)).then_nothing()


def test_an_attempt_that_the_bank_refused_may_be_followed_by_another() -> None:
    over = given(started(), opened(), DELAYED, LAPSED)
    start(over, SECOND).then(started(SECOND))
    assert over.state is not None
    attempts.require_payable(over.state.attempts[0])


def test_a_declined_card_leaves_the_session_open_for_another_card() -> None:
    decline(given(started(), opened())).then(DECLINED)
    after = given(started(), opened(), DECLINED)
    assert status(after) is AttemptStatus.OPEN
    capture(after).then(captured())


def test_a_decline_reported_before_the_session_is_recorded_too() -> None:
    decline(given(started())).then(DECLINED)


def test_a_decline_is_recorded_once_per_charge() -> None:
    state = given(started(), opened(), DECLINED)
    decline(state).then_nothing()
    assert len(decline(state, charge="ch_no2").events) == 1


def test_a_decline_that_arrives_after_the_capture_records_nothing() -> None:
    decline(given(started(), captured())).then_nothing()


def test_a_decline_of_an_unknown_attempt_records_nothing() -> None:
    decline(given(), attempt="payment-ABC234-1-a9").then_nothing()


@pytest.mark.parametrize(
    "earlier",
    [(started(),), (started(), UNRESOLVED), (started(), opened()), (started(), opened(), LAPSED)],
)
def test_captured_money_is_recorded_whatever_the_attempt_has_come_to(
    earlier: tuple[DomainEvent, ...],
) -> None:
    capture(given(*earlier)).then(captured())
    after = given(*earlier, captured())
    assert status(after) is AttemptStatus.CAPTURED
    assert live(after) is None
    assert after.state is not None
    assert after.state.is_settled()


def test_money_of_an_unknown_attempt_is_recorded_all_the_same() -> None:
    capture(given(), attempt="").then(captured(attempt=""))


@pytest.mark.parametrize("amount", [DUE, sar(DUE.amount + 1)])
def test_one_intent_is_captured_once_however_often_it_is_reported(amount: money.Money) -> None:
    capture(given(started(), captured()), amount).then_nothing()
    capture(given(started(), captured(), parked()), amount).then_nothing()


def test_another_intent_is_another_capture() -> None:
    twice = captured(intent="pi_2")
    capture(given(started(), captured()), intent="pi_2").then(twice)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_capture_of_nothing_or_less_is_a_bug(amount: int) -> None:
    with pytest.raises(AssertionError):
        given(started()).when(
            captures.capture,
            attempt=ATTEMPT,
            intent="pi_1",
            charge="ch_1",
            amount=sar(amount),
            entry=examples.capture_entry(),
        )


def park(state: scenario.Scenario[Payment], intent: str = "pi_1") -> scenario.Outcome:
    return state.when(captures.park, intent=intent, reason="late")


def test_money_that_does_not_fit_is_parked_with_the_reason() -> None:
    park(given(started(), captured())).then(parked(reason="late"))


def test_money_is_parked_once() -> None:
    park(given(started(), captured(), parked())).then_nothing()


def test_only_the_capture_that_is_named_is_parked() -> None:
    both = given(started(), captured(), captured(intent="pi_2"), parked(intent="pi_2"))
    assert both.state is not None
    assert [capture.parked for capture in both.state.captures] == [False, True]
    assert both.state.is_settled()


def test_parking_money_that_was_not_captured_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        park(given(started()))


@pytest.mark.parametrize(("hours", "known"), [(0, True), (22.99, True), (23, False), (24, False)])
def test_a_key_is_used_again_for_less_than_23_hours(hours: float, known: bool) -> None:
    later = NOW + dt.timedelta(hours=hours)
    assert idempotency_keys.may_retry_with_same_key(started_at=NOW, now=later) is known
