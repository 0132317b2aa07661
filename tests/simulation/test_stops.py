"""A process may stop before, between and after any step with Stripe: one charge and one refund.

Each interaction is carried out again and again, stopped one step later each time, until there is
no step left to stop at. Then a new process goes on, and whoever got no answer asks again.
"""

import asyncio

import pytest

from tests.simulation import oracles, virtual_time
from tests.simulation.airline_process import AirlineProcess
from tests.simulation.interactions import INTERACTIONS, Interaction, Sale
from tests.simulation.stops import Stops
from tests.simulation.world import World

STEPS_LIMIT = 200
# Fares whose price with taxes is one that Stripe takes.
CURRENCIES = (("SAR", 50_000), ("KWD", 50_000), ("JPY", 30_000))
# The timer's look at Stripe's list: it has steps of its own only where money is settled.
SWEEPS = ("list_transactions",)
# Timers are patient for a minute, ten minutes, and a day.
PATIENCE_SECONDS = (60, 600, 87_000)


@pytest.mark.parametrize("interaction", INTERACTIONS, ids=lambda each: each.name)
def test_a_stop_at_any_step_leaves_one_charge_and_one_refund(interaction: Interaction) -> None:
    for step in range(1, STEPS_LIMIT):
        if not virtual_time.run(_stopped_at(interaction, step)):
            assert step > 1, "there was no step at all"
            return
    raise AssertionError("there is always one step more")


async def _stopped_at(interaction: Interaction, step: int) -> bool:
    """Return whether there was such a step."""
    world = World()
    currency, fare = CURRENCIES[step % len(CURRENCIES)]
    sale = Sale(currency, fare)
    first = AirlineProcess(world)
    await interaction.prepare(first, sale)
    await first.stop()
    stops = Stops(step, without=() if interaction.settles else SWEEPS)
    stopping = AirlineProcess(world, stops)
    work = asyncio.ensure_future(_whole(stopping, interaction, sale))
    stopped = asyncio.ensure_future(stops.stopped.wait())
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not stops.stopped.is_set():
        work.result()
        _check(world, interaction, "no stop")
        return False
    await stopping.stop()
    await _whole(AirlineProcess(world), interaction, sale)
    _check(world, interaction, stops.steps[-1])
    return True


async def _whole(airline: AirlineProcess, interaction: Interaction, sale: Sale) -> None:
    """The interaction, and all that follows from it until the timers have been patient."""
    await interaction.act(airline, sale)
    await airline.rest()
    for seconds in PATIENCE_SECONDS:
        airline.world.stripe.move(seconds)
        await airline.rest()


def _check(world: World, interaction: Interaction, step: str) -> None:
    try:
        oracles.every(world)
        assert len(oracles.taken(world)) == interaction.charges
        assert len(oracles.standing_refunds(world)) == interaction.refunds
        if interaction.recorded is not None:
            assert len(world.events(interaction.recorded)) == 1
    except AssertionError as error:
        error.add_note(f"stopped {step}")
        raise
