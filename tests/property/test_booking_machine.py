"""The whole life of bookings on several flights at once, step by step in any order.

Two processes with caches of their own write one log. After every step all invariants hold, and
every repeated command records nothing.
"""

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from domain.booking import states
from domain.booking.states import Status
from tests.property.booking_machine.machine import World
from tests.property.booking_machine.refunds import Back
from tests.support import hypothesis_profile
from tests.support.command_types import command_types

# Several short runs from seeds of their own: one long run dwells on what it began with.
MACHINE = hypothesis_profile.machine(examples=100, steps=70)
ROUNDS = 8
ROUND_LIMIT = 32
# The others take parties of which some are denied boarding or cancel: too rare to wait for.
CORRECTIONS = {
    (Status.NO_SHOW, Status.CONFIRMED),
    (Status.NO_SHOW, Status.CHECKED_IN),
    (Status.COMPLETED, Status.BOARDED),
}


class Life(Back):
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
        with capsys.disabled():
            print(f"\nlife: seed {MACHINE.seed}, {rounds} rounds, {World.tally['steps']} steps")
    assert World.tally["steps"] > 10_000
    assert _not_seen() == set()


def _not_seen() -> set[object]:
    """Steps of the table, corrections and commands that no run has come to yet."""
    table = {(a, b) for a, targets in states.TRANSITIONS.items() for b in targets}
    table |= CORRECTIONS
    commands = {command.__name__ for command in command_types()}
    return {*(table - set(World.transitions)), *(commands - set(World.tally))}
