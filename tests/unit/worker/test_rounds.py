"""Rounds of a timer over what is due: each task is reached once in a round."""

import pytest

from application.payment.refund_payment import SendRefund
from interfaces.worker.sweep import PAGE_LIMIT, Round

PERIOD = 600.0


def refunds(count: int) -> list[SendRefund]:
    """Return `count` tasks in the order of their ids."""
    return [SendRefund("p", f"r{number:04}") for number in range(count)]


def walk(tasks: list[SendRefund]) -> tuple[list[SendRefund], Round]:
    """Return what one round enqueues, page by page, and the round that follows."""
    enqueued: list[SendRefund] = []
    current = Round()
    for _ in range(len(tasks) // PAGE_LIMIT + 1):
        after = current.after.refund if isinstance(current.after, SendRefund) else ""
        page = [task for task in tasks if task.refund > after][:PAGE_LIMIT]
        enqueued += page
        current = current.moved_on(page, now=5.0, period_seconds=PERIOD)
    return enqueued, current


@pytest.mark.parametrize("count", [0, 1, PAGE_LIMIT - 1, PAGE_LIMIT, 2 * PAGE_LIMIT + 1])
def test_a_round_reaches_every_task_once_and_the_next_begins_a_period_later(count: int) -> None:
    tasks = refunds(count)
    enqueued, following = walk(tasks)
    assert enqueued == tasks
    assert following == Round(begins_at=5.0 + PERIOD)


def test_a_round_continues_at_once_after_a_full_page() -> None:
    page = refunds(PAGE_LIMIT)
    following = Round(begins_at=3.0).moved_on(page, now=5.0, period_seconds=PERIOD)
    assert following == Round(begins_at=3.0, after=page[-1])
