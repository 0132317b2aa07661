"""The whole life of bookings on several flights at once, step by step in any order.

Two processes with caches of their own write one log. After every step all oracles hold, and
every command told again word for word records nothing.
"""

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from application.handlers import HANDLERS
from domain.booking import states
from tests.property.life.back import Back
from tests.property.life.world import World
from tests.support import effort

MACHINE = effort.machine(examples=800, steps=70)


class Life(Back):
    """Everything that may happen to bookings."""


def test_a_life_of_bookings_in_any_order(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is oversold, lost or paid twice, and the machine goes down every road."""
    World.tally.clear()
    World.transitions.clear()
    try:
        run_state_machine_as_test(seed(MACHINE.seed)(Life), settings=MACHINE.settings)
    finally:
        with capsys.disabled():
            print(f"\nlife: seed {MACHINE.seed}, {World.tally['steps']} steps")
    table = {(a, b) for a, targets in states.TRANSITIONS.items() for b in targets}
    assert table - set(World.transitions) == set()
    assert {command.__name__ for command in HANDLERS} - set(World.tally) == set()
