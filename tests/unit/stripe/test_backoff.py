"""What Stripe's answer says about sending a request again, and how long to wait before."""

import pytest

from infrastructure.stripe import backoff


@pytest.mark.parametrize(
    ("status", "advice", "wanted"),
    [
        (429, None, True),
        (429, "true", True),
        (429, "false", False),
        (409, None, False),
        (409, "true", True),
        (500, None, False),
        (500, "true", True),
        (503, "false", False),
        (400, None, False),
        (402, "perhaps", False),
    ],
)
def test_stripes_word_decides_and_without_it_only_a_429_is_repeated(
    status: int, advice: str | None, wanted: bool
) -> None:
    headers = {} if advice is None else {"Stripe-Should-Retry": advice}
    assert backoff.is_wanted(status, headers) is wanted


@pytest.mark.parametrize(
    ("status", "reason", "reached"),
    [
        (429, "global-rate", "account"),
        (429, "global-concurrency", "account"),
        (429, "endpoint-rate", "endpoint"),
        (429, "endpoint-concurrency", "endpoint"),
        (429, "resource-specific", None),
        (429, "", None),
        (503, "global-rate", None),
    ],
)
def test_only_a_limit_that_others_would_reach_as_well_is_reported(
    status: int, reason: str, reached: str | None
) -> None:
    assert backoff.reached_limit(status, {"Stripe-Rate-Limited-Reason": reason}) == reached


def test_waits_double_up_to_the_longest_and_have_chance_in_them() -> None:
    shortest = [backoff.wait_seconds(tries, chance=lambda: 0.0) for tries in range(1, 7)]
    longest = [backoff.wait_seconds(tries, chance=lambda: 1.0) for tries in range(1, 7)]
    assert longest == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert shortest == [each / 2 for each in longest]
    assert len({backoff.wait_seconds(1) for _ in range(20)}) > 1
