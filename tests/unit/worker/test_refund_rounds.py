"""The scheduler's rounds over accepted refunds: each is reached, and none more often than meant."""

import pytest

from interfaces.worker.scheduler import REFUND_ROUND_SECONDS, TIMER_LIMIT, RefundRound


def walk(refunds: list[str]) -> tuple[list[str], RefundRound]:
    """What one round asks about, page by page, and the round that follows."""
    asked: list[str] = []
    current = RefundRound()
    for _ in range(len(refunds) // TIMER_LIMIT + 1):
        page = [("p", r) for r in refunds if r > current.after][:TIMER_LIMIT]
        asked += [refund for _, refund in page]
        current = current.moved_on(page, now=5.0)
    return asked, current


@pytest.mark.parametrize("count", [0, 1, TIMER_LIMIT - 1, TIMER_LIMIT, 2 * TIMER_LIMIT + 1])
def test_a_round_reaches_every_refund_once_and_then_rests(count: int) -> None:
    refunds = [f"r{number:04}" for number in range(count)]
    asked, following = walk(refunds)
    assert asked == refunds
    assert following == RefundRound(begins_at=5.0 + REFUND_ROUND_SECONDS)


def test_a_full_page_goes_on_at_once_behind_its_last_refund() -> None:
    page = [("p", f"r{number:04}") for number in range(TIMER_LIMIT)]
    following = RefundRound(begins_at=3.0).moved_on(page, now=5.0)
    assert following == RefundRound(begins_at=3.0, after=page[-1][1])
