"""Attempts whose session Stripe opens no more: which one takes the place, and when none does."""

import datetime as dt
from typing import Any

import pytest
from msgspec.structs import replace as changed

from domain.kernel.events import DomainEvent
from domain.payment import attempts, replacement, shares
from domain.payment.events import (
    AttemptExpired,
    AttemptRefused,
    AttemptStarted,
    AttemptUnresolved,
    SessionOpened,
)
from domain.payment.fold import evolve
from domain.payment.state import Payment
from tests.support import examples, scenario
from tests.support.examples import ATTEMPT, DUE, NOW, PAYMENT, REQUESTED, captured, opened, started
from tests.support.launch_rules import SESSION

SECOND, THIRD = f"{PAYMENT}-a2", f"{PAYMENT}-a3"
LATER = NOW + dt.timedelta(minutes=50)
REFUSED = AttemptRefused(attempt=ATTEMPT, code="expires_too_early")
UNKNOWN = AttemptUnresolved(attempt=ATTEMPT)
FOUND = replacement.FoundSession("cs_lost", NOW + dt.timedelta(minutes=60))


def given(*events: DomainEvent) -> scenario.Scenario[Payment]:
    return scenario.given(evolve, REQUESTED, *events)


def replaced(state: scenario.Scenario[Payment], **changes: Any) -> scenario.Outcome:
    wanted = {
        "payment_id": PAYMENT,
        "attempt": ATTEMPT,
        "code": REFUSED.code,
        "found": None,
        "is_payable": True,
        "lasts": SESSION,
        "now": LATER,
    }
    return state.when(replacement.replace, **(wanted | changes))


def next_one(name: str = SECOND, *, before: str = ATTEMPT, **changes: Any) -> AttemptStarted:
    """The attempt that takes the place of the one before, with a key and an end of its own."""
    event = AttemptStarted(
        attempt=name,
        idempotency_key=f"checkout:{name}",
        locale="en",
        started_at=LATER,
        expires_at=LATER + SESSION,
        replaces=before,
    )
    return changed(event, **changes)


@pytest.mark.parametrize("unanswered", [(), (UNKNOWN,)])
def test_a_refused_attempt_is_replaced_by_one_with_another_key_and_end(
    unanswered: tuple[DomainEvent, ...],
) -> None:
    replaced(given(started(), *unanswered)).then(REFUSED, next_one())


def test_a_session_that_ends_too_soon_is_known_and_over_before_the_next_is_started() -> None:
    lost = SessionOpened(
        attempt=ATTEMPT, session=FOUND.session, url="", expires_at=FOUND.expires_at
    )
    replaced(given(started(), UNKNOWN), found=FOUND).then(
        lost, AttemptExpired(attempt=ATTEMPT), next_one()
    )
    replaced(given(started(), UNKNOWN), found=FOUND, is_payable=False).then(lost)


@pytest.mark.parametrize(
    "answer", [opened(), REFUSED, AttemptExpired(attempt=ATTEMPT), captured()], ids=lambda e: e.tag
)
def test_an_attempt_that_has_an_answer_is_not_replaced(answer: DomainEvent) -> None:
    replaced(given(started(), answer)).then_nothing()
    replaced(given(started(), REFUSED, next_one())).then_nothing()


def test_what_is_due_no_more_is_refused_and_not_asked_for_again() -> None:
    replaced(given(started()), is_payable=False).then(REFUSED)
    paid = captured(attempt="payment-ABC234-1-a0")
    replaced(given(started(), paid)).then(REFUSED)


def test_a_share_is_replaced_by_one_as_large_while_the_others_can_be_paid() -> None:
    half = examples.sar(DUE.amount // 2)
    first, other = (
        changed(started(name), amount=half, is_share=True) for name in (ATTEMPT, SECOND)
    )
    after = next_one(THIRD, amount=half, is_share=True)
    replaced(given(first, other)).then(REFUSED, after)
    state = given(first, other, REFUSED, after).state
    assert state is not None
    assert [each.id for each in shares.current(state)] == [SECOND, THIRD]


def test_an_attempt_keeps_the_language_and_the_way_back_of_the_one_it_replaces() -> None:
    first = changed(started(), locale="ar", return_to="app")
    replaced(given(first)).then(REFUSED, next_one(locale="ar", return_to="app"))


def test_the_newest_of_a_row_has_the_place_of_each_and_has_waited_since_the_first() -> None:
    refused = changed(REFUSED, attempt=SECOND)
    state = given(started(), REFUSED, next_one(), refused, next_one(THIRD, before=SECOND)).state
    assert state is not None
    for name in (ATTEMPT, SECOND, THIRD):
        found = replacement.newest(state, name)
        assert found is not None
        assert found.id == THIRD
    assert replacement.newest(state, "unknown") is None
    third = state.attempt(THIRD)
    assert third is not None
    assert [each.id for each in replacement.replaced_by(state, third)] == [ATTEMPT, SECOND]
    assert replacement.was_delayed(state, third, now=NOW + attempts.DELAYED_AFTER)
    assert not replacement.was_delayed(state, third, now=NOW + dt.timedelta(seconds=19))


def test_a_row_of_replaced_attempts_ends() -> None:
    state, name = given(started()).state, ATTEMPT
    for count in range(replacement.MOST_IN_A_ROW + 1):
        assert state is not None
        events = replaced(scenario.Scenario(state), attempt=name, now=LATER).events
        assert len(events) == (2 if count < replacement.MOST_IN_A_ROW else 1)
        for event in events:
            state = evolve(state, event)  # type: ignore[arg-type]
        name = state.attempts[-1].id


def test_another_key_is_tried_at_once_and_then_after_pauses_that_double() -> None:
    state, pauses = given(started()).state, []
    for _ in range(replacement.MOST_IN_A_ROW):
        assert state is not None
        last = state.attempts[-1]
        waits = range(0, 1_000, 10)
        tried = [
            seconds
            for seconds in waits
            if replacement.may_try_another_key(
                state, last, now=last.started_at + dt.timedelta(seconds=seconds)
            )
        ]
        pauses.append(tried[0])
        assert tried == list(waits)[-len(tried) :]
        for event in replaced(scenario.Scenario(state), attempt=last.id).events:
            state = evolve(state, event)  # type: ignore[arg-type]
    assert pauses == [0, 40, 80, 160, 320, 640, *([900] * (replacement.MOST_IN_A_ROW - 6))]


@pytest.mark.parametrize(
    ("minutes", "opens_no_more"), [(0, False), (24, False), (25, True), (31, True), (90, True)]
)
def test_stripe_opens_no_session_that_ends_within_half_an_hour_of_its_clock(
    minutes: int, opens_no_more: bool
) -> None:
    state = given(started()).state
    assert state is not None
    now = NOW + dt.timedelta(minutes=minutes)
    assert replacement.opens_no_more(state.attempts[0], now=now) is opens_no_more


@pytest.mark.parametrize(
    ("events", "in_vain"),
    [
        ((), False),
        ((started(),), True),
        ((started(), UNKNOWN), True),
        ((started(), REFUSED), True),
        ((started(), opened()), False),
        ((started(), opened(), AttemptExpired(attempt=ATTEMPT)), False),
        ((started(), changed(opened(), url=""), AttemptExpired(attempt=ATTEMPT)), True),
        ((started(), REFUSED, next_one()), True),
        ((changed(started(), is_share=True),), False),
    ],
)
def test_a_payer_waited_in_vain_whose_last_attempt_had_no_address_to_pay_at(
    events: tuple[DomainEvent, ...], in_vain: bool
) -> None:
    state = given(*events).state
    assert state is not None
    assert replacement.waited_in_vain(state) is in_vain
