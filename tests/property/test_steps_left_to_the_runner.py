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


@pytest.mark.parametrize("pattern", range(4))
def test_seats_are_reviewed_and_offered_in_one_order_when_another_aircraft_has_more(
    pattern: int,
) -> None:
    airlines = TwoAirlines()
    party, alone = ("ADT", "ADT"), ("ADT",)
    airlines.begin(seats=[2] * 5, starts_in=0, sold=[((0,), alone), ((3,), party)])
    airlines.switch_off(pattern=pattern)
    airlines.lose_seats(process=0, which=0, economy=1)
    airlines.create_together(process=0, flight=3, parties=[alone, alone], mode="waitlist")
    airlines.change_equipment(process=0, index=3, economy=4, business=0, reviews=False)
    airlines.everything_holds()
    flight = airlines.flight(airlines.flights[3])
    assert not flight.waitlist
    assert len(flight.seats) == len(party)
    airlines.teardown()


def _not_seen() -> set[tuple[str, bool]]:
    """Processes whose step was never decided at once, or never left to the runner."""
    names = {process.name for process, _ in STEPS} | {OFFER}
    return {(name, wanted) for name in names for wanted in (True, False)} - set(SomeSteps.tally)
