"""`bench stripe-away` counts what it claims, fails where it must, and holds on a short outage."""

import msgspec

from tests.bench import away_calls, stripe_away
from tests.bench.away_calls import Call
from tests.bench.away_checks import Left
from tests.bench.away_travellers import Plan, Refusal
from tests.bench.stripe_away import Measured

SHORT = Plan(
    outage_seconds=8.0,
    watch_seconds=5.0,
    paid=5,
    confirmed=4,
    late=1,
    checkout_every_seconds=3.0,
)
REFUSAL = Refusal("bkg", "key", 502, "PROVIDER_ERROR", retryable=True, retry_after="2")


def call(at: float, path: str = "/v1/refunds", *, fault: str | None = None) -> Call:
    return Call(
        id=f"req_{at}", at=at, method="POST", path=path, status=200, replayed=False, fault=fault
    )


def measured(**changed: object) -> Measured:
    """A run in which everything holds."""
    held = Measured(
        confirmed_seconds=[0.1, 0.2],
        paid=2,
        letter_seconds=[0.5],
        during=[],
        after=[call(100.0)],
        back_at=100.0,
        done_seconds=1.0,
        watched_seconds=30.0,
        left=Left(refunds=1, captures=0, attempts=0, events=0, messages=0),
        came_back=0,
        faults=[],
    )
    return msgspec.structs.replace(held, **changed)


def missed(found: Measured) -> list[str]:
    return [case.case for case in stripe_away.cases_of(found) if not case.holds]


def test_the_most_calls_in_a_second_are_counted_in_any_second_not_in_those_of_the_clock() -> None:
    calls = [call(at) for at in (0.0, 0.9, 1.0, 1.5, 1.8, 3.0)]
    assert away_calls.most_in_a_second(calls) == 4
    assert away_calls.most_in_a_second([]) == 0


def test_calls_to_an_endpoint_are_counted_with_all_ids_together() -> None:
    single = [call(number / 10, f"/v1/payment_intents/pi_{number}") for number in range(3)]
    other = [call(0.15, "/v1/checkout/sessions")]
    assert {each.endpoint for each in single} == {"POST /v1/payment_intents/{id}"}
    assert away_calls.most_to_an_endpoint(single + other) == 3
    slices = away_calls.by_slice(single + other, since=0.0, seconds=5.0)
    assert slices == {0: {"POST /v1/payment_intents/{id}": 3, "POST /v1/checkout/sessions": 1}}


def test_a_run_in_which_all_holds_misses_nothing() -> None:
    assert missed(measured()) == []


def test_a_booking_that_was_paid_and_not_confirmed_fails_the_run() -> None:
    assert missed(measured(paid=3)) == ["paid and not confirmed"]
    assert missed(measured(confirmed_seconds=[0.1, 11.0])) == ["slowest confirmation"]


def test_a_storm_of_calls_fails_the_run() -> None:
    storm = [call(100.0 + number / 100, f"/v1/refunds/re_{number}") for number in range(30)]
    assert missed(measured(after=storm)) == [
        "calls in a second",
        "calls in a second to an endpoint",
        "calls afterwards",
    ]
    slow = [call(100.0 + number) for number in range(30)]
    assert missed(measured(after=slow)) == ["calls afterwards"]


def test_whatever_is_lost_fails_the_run() -> None:
    assert missed(measured(faults=["1 parked events"])) == ["faults"]


def test_an_answer_other_than_that_of_the_contract_is_a_fault() -> None:
    assert REFUSAL.is_documented
    for changed in ({"status": 500}, {"code": "INTERNAL_ERROR"}, {"retry_after": None}):
        assert not msgspec.structs.replace(REFUSAL, **changed).is_documented


def test_paid_bookings_are_confirmed_and_nothing_is_lost_while_stripe_is_out_of_reach() -> None:
    found = stripe_away.measure(SHORT)
    assert found.faults == []
    assert missed(found) == []
    assert found.during, "Stripe was asked in vain"
    assert all(each.fault == "lost_before" or each.status == 503 for each in found.during)
    assert found.left.refunds > 0
    assert found.came_back > 0
