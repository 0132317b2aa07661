"""The limits of requests a second: of the account and of each endpoint."""

from typing import Literal

import pytest

from infrastructure.stripe_simulator.configuration import Limits
from infrastructure.stripe_simulator.rate_limits import RateLimited, RateLimiter


class Seconds:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.value = 0.0

    def __call__(self) -> float:
        return self.value


def admitted(limiter: RateLimiter, endpoint: str, tries: int) -> int:
    """Return how many of so many requests were admitted."""
    count = 0
    for _ in range(tries):
        try:
            limiter.admit(endpoint)
        except RateLimited:
            continue
        count += 1
    return count


def test_no_limit_is_the_default() -> None:
    assert admitted(RateLimiter(Limits()), "GET a", 5_000) == 5_000


@pytest.mark.parametrize(("mode", "account"), [("live", 100), ("sandbox", 25)])
def test_an_endpoint_has_its_own_limit_within_that_of_the_account(
    mode: Literal["live", "sandbox"], account: int
) -> None:
    now = Seconds()
    limiter = RateLimiter(Limits(mode=mode), now=now)
    assert admitted(limiter, "GET a", 40) == 25
    others = sum(admitted(limiter, f"GET {name}", 25) for name in "bcdef")
    assert 25 + others == account
    now.value = 1.0
    assert admitted(limiter, "GET a", 40) == 25


def test_a_refused_request_takes_no_place() -> None:
    now = Seconds()
    limiter = RateLimiter(Limits(account=2), now=now)
    assert admitted(limiter, "GET a", 1) == 1
    now.value = 0.9
    assert admitted(limiter, "GET a", 10) == 1
    now.value = 1.0
    assert admitted(limiter, "GET a", 10) == 1


def test_the_answer_names_the_limit_and_asks_for_a_retry() -> None:
    limiter = RateLimiter(Limits(endpoint=0), now=Seconds())
    with pytest.raises(RateLimited) as caught:
        limiter.admit("GET a")
    assert (caught.value.status, caught.value.body["code"]) == (429, "rate_limit")
    assert caught.value.headers == {
        "Stripe-Rate-Limited-Reason": "endpoint-rate",
        "Stripe-Should-Retry": "true",
    }
