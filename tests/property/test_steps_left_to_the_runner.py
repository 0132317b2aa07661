"""Steps at once or by the processes that read the log: the same bookings, money and letters."""

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from application.processes.immediate_steps import STEPS
from application.processes.offer_seats_when_released import NAME as OFFER
from tests.property.booking_machine.machine import World
from tests.property.booking_machine.two_airlines import SomeSteps, TwoAirlines
from tests.support import hypothesis_profile

# About 50 steps a run. AIS_TEST_EFFORT=7 takes more than ten thousand.
MACHINE = hypothesis_profile.machine(examples=30, steps=70)
ROUND_LIMIT = 20


def test_with_any_steps_left_to_the_runner_a_life_of_bookings_ends_in_the_same_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    World.tally.clear()
    SomeSteps.tally.clear()
    rounds = 0
    try:
        while not rounds or (_not_seen() and rounds < ROUND_LIMIT):
            chosen = seed(MACHINE.seed + rounds)(TwoAirlines)
            run_state_machine_as_test(chosen, settings=MACHINE.settings)
            rounds += 1
    finally:
        taken = f"{rounds} rounds, {World.tally['steps']} steps"
        hypothesis_profile.show(capsys, f"steps: AIS_TEST_SEED={MACHINE.seed}, {taken}")
    assert World.tally["steps"] > 1_000
    assert _not_seen() == set()


def _not_seen() -> set[tuple[str, bool]]:
    """Processes whose step was never decided at once, or never left to the runner."""
    names = {process.name for process, _ in STEPS} | {OFFER}
    return {(name, wanted) for name in names for wanted in (True, False)} - set(SomeSteps.tally)
