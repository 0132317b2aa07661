"""Calls to Stripe stop after outages in a row, and one call finds out whether Stripe is back."""

import pytest

from application.payment.gateway import GatewayNotExecuted
from infrastructure.stripe import breaker
from infrastructure.stripe.breaker import OUTAGES, WINDOW_SECONDS, Breaker

PAUSE = 10.0


class Stripe:
    """Calls that end as a test says, through a breaker whose time a test moves."""

    def __init__(self, *, chance: float = 0.0) -> None:
        self.now = 0.0
        self.paused = False
        self.changes: list[bool] = []
        self.breaker = Breaker(
            pause_seconds=PAUSE,
            is_paused=lambda: self.paused,
            changed=self.changes.append,
            monotonic=lambda: self.now,
            chance=lambda: chance,
        )

    def call(self, outage: bool | None, *, times: int = 1) -> None:
        for _ in range(times):
            self.breaker.finish(outage, probe=self.breaker.admit())

    def refuses(self) -> bool:
        try:
            probe = self.breaker.admit()
        except GatewayNotExecuted:
            return True
        self.breaker.finish(None, probe=probe)
        return False


def test_outages_in_a_row_stop_the_calls_and_an_answer_lets_them_pass_again() -> None:
    stripe = Stripe()
    stripe.call(True, times=OUTAGES - 1)
    assert not stripe.refuses()
    stripe.call(True)
    assert stripe.refuses()
    stripe.now += PAUSE
    stripe.call(False)
    stripe.call(True, times=OUTAGES - 1)
    assert not stripe.refuses()
    assert stripe.changes == [True, False]


def test_an_answer_between_outages_or_a_long_time_begins_the_count_anew() -> None:
    stripe = Stripe()
    stripe.call(True, times=OUTAGES - 1)
    stripe.call(False)
    stripe.call(True, times=OUTAGES - 1)
    stripe.now += WINDOW_SECONDS + 1
    stripe.call(True, times=OUTAGES - 1)
    # What says nothing about Stripe, such as our own limit, counts neither way.
    stripe.call(None, times=OUTAGES)
    assert not stripe.refuses()
    stripe.call(True)
    assert stripe.refuses()


def test_after_the_pause_one_call_is_sent_to_see_and_the_others_are_refused() -> None:
    stripe = Stripe()
    stripe.call(True, times=OUTAGES)
    stripe.now += PAUSE
    assert stripe.breaker.admit(), "the call that is sent to see"
    with pytest.raises(GatewayNotExecuted):
        stripe.breaker.admit()
    stripe.breaker.finish(True, probe=True)
    stripe.now += PAUSE - 1
    assert stripe.refuses()
    stripe.now += 1
    # It was cancelled, or our own limit refused it: the next one is sent to see.
    stripe.call(None)
    assert stripe.breaker.admit()
    assert stripe.changes == [True]


def test_an_answer_to_a_call_from_before_the_stop_does_not_end_it() -> None:
    stripe = Stripe()
    early = stripe.breaker.admit()
    stripe.call(True, times=OUTAGES)
    stripe.breaker.finish(False, probe=early)
    assert stripe.refuses()


def test_a_pause_has_chance_in_it() -> None:
    stripe = Stripe(chance=1.0)
    stripe.call(True, times=OUTAGES)
    stripe.now += PAUSE
    assert stripe.refuses()
    stripe.now += PAUSE * breaker.JITTER
    assert not stripe.refuses()


def test_while_an_operator_has_paused_payments_no_call_is_sent() -> None:
    stripe = Stripe()
    stripe.paused = True
    assert stripe.refuses()
    stripe.paused = False
    assert not stripe.refuses()
