"""The thirteen states and all 169 pairs of them, against the table written out once more."""

import itertools

import pytest

from domain.booking import states
from domain.booking.states import Status

ALLOWED = {
    (before, after)
    for before, row in {
        "initiated": "pending reserved expired cancelled",
        "pending": "reserved paid expired cancelled payment_failed",
        "reserved": "paid expired cancelled",
        "paid": "confirmed cancelled refunded",
        "confirmed": "checked_in cancelled refunded no_show",
        "checked_in": "boarded cancelled no_show",
        "boarded": "completed cancelled",
        "completed": "refunded",
        "cancelled": "refunded",
        "payment_failed": "pending cancelled",
        "no_show": "refunded",
    }.items()
    for after in row.split()
}
PAIRS = list(itertools.product(Status, repeat=2))


def test_there_are_thirteen_states_and_twenty_nine_transitions() -> None:
    assert len(Status) == 13
    assert len(PAIRS) == 169
    assert len(ALLOWED) == 29
    assert sum(states.may_move(before, after) for before, after in PAIRS) == 29


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_step_is_allowed_exactly_when_it_is_in_the_table(before: Status, after: Status) -> None:
    assert states.may_move(before, after) is ((before.value, after.value) in ALLOWED)


def test_staying_where_one_is_is_not_a_step() -> None:
    assert not any(states.may_move(status, status) for status in Status)


def test_only_refunded_and_expired_are_terminal() -> None:
    assert {"refunded", "expired"} == {status.value for status in states.TERMINAL}
