"""The whole life of bookings on several flights at once, step by step in any order.

Two processes with caches of their own write one log. After every step all invariants hold, and
every repeated command records nothing.
"""

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from domain.booking import states
from domain.booking.states import Status
from tests.property.booking_machine.invoicing import Invoiced
from tests.property.booking_machine.machine import World
from tests.support import hypothesis_profile
from tests.support.command_types import command_types

MACHINE = hypothesis_profile.machine(examples=100, steps=70)
# The contexts whose commands the machine takes; the others have properties of their own.
DRIVEN = ("application.booking.", "application.inventory.", "application.payment.")
NOT_DRIVEN = {
    # Stripe does not go away in the machine; `test_hold_extension.py` has its own properties.
    "application.payment.extend_hold",
    "application.booking.record_dispute",
    "application.booking.answer_dispute",
    # tests/property/test_external_refunds.py
    "application.payment.record_external_refund",
    "application.booking.allocate_external_refund",
    # tests/unit/application/test_guests.py
    "application.booking.attach_booking",
    # tests/unit/booking/test_extras_after_sale.py
    "application.booking.order_extras",
    "application.booking.issue_extras",
    "application.booking.refund_extra",
    # tests/unit/application/test_split_checkout.py
    "application.booking.split_checkout",
    # parts come from shares: tests/end_to_end/test_unfinished_splits_over_http.py
    "application.booking.return_parts",
}
# On average a round takes each path twice or more, and twenty seeds needed one to three rounds: no
# round after these should be needed. A path that needs more of them has become too rare.
ROUNDS = 6
ROUND_LIMIT = 16
# The others take parties of which some are denied boarding or cancel: too rare to wait for.
CORRECTIONS = {
    (Status.NO_SHOW, Status.CONFIRMED),
    (Status.NO_SHOW, Status.CHECKED_IN),
    (Status.COMPLETED, Status.BOARDED),
}
# Tax documents by reason and kind; others are too rare to wait for.
DOCUMENTS = {
    "document sale invoice",
    "document cancellation credit_note",
    "document modification credit_note",
    "document modification debit_note",
    "document no_show credit_note",
    "document goodwill credit_note",
}


class Life(Invoiced):
    """Everything that may happen to bookings."""


def test_a_life_of_bookings_in_any_order(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is oversold, lost or paid twice, and the machine takes every path."""
    World.tally.clear()
    World.transitions.clear()
    rounds = 0
    try:
        while rounds < ROUNDS or (_not_seen() and rounds < ROUND_LIMIT):
            run_state_machine_as_test(seed(MACHINE.seed + rounds)(Life), settings=MACHINE.settings)
            rounds += 1
    finally:
        taken = f"{rounds} rounds, {World.tally['steps']} steps"
        hypothesis_profile.show(capsys, f"life: AIS_TEST_SEED={MACHINE.seed}, {taken}")
    assert World.tally["steps"] > 10_000
    assert _not_seen() == set()


def _not_seen() -> set[object]:
    """Steps of the table, corrections and commands that no run has come to yet."""
    table = {(a, b) for a, targets in states.TRANSITIONS.items() for b in targets}
    table |= CORRECTIONS
    commands = {
        command.__name__
        for command in command_types()
        if command.__module__.startswith(DRIVEN) and command.__module__ not in NOT_DRIVEN
    }
    done = commands | DOCUMENTS
    return {*(table - set(World.transitions)), *(done - set(World.tally))}
