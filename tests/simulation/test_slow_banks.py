"""While a bank decides for days, Stripe is asked about its payment by the hour."""

from tests.simulation import virtual_time
from tests.simulation.airline_process import AirlineProcess
from tests.simulation.interactions import Sale, with_session
from tests.simulation.world import World

STEP_SECONDS = 120
DAYS = 2


async def _wait_for_bank(world: World) -> int:
    """Let a bank decide for days; return how often Stripe was asked about the session."""
    airline = AirlineProcess(world)
    sale = Sale("SAR", 50_000)
    await with_session(airline, sale)
    await world.stripe.press(sale.session, "pay", "pm_usBankAccount_processing")
    log, asked = world.stripe.simulator.requests, 0
    for _ in range(DAYS * 24 * 3600 // STEP_SECONDS):
        log.forget()
        world.stripe.move(STEP_SECONDS)
        await airline.rest(periods=True)
        asked += sum(each.path.startswith("/v1/checkout/sessions/") for each in log.entries)
    (intent,) = world.stripe.account.intents.objects
    await world.stripe.control("bank_answers", intent=intent, succeeds=True)
    await airline.rest()
    assert (await airline.booking(sale.booking)).status.value == "confirmed"
    return asked


def test_a_payment_without_an_answer_costs_one_call_an_hour() -> None:
    asked = virtual_time.run(_wait_for_bank(World()))
    # And those of the end of the hold, and of the hour after the end of the session.
    assert DAYS * 24 - 3 <= asked <= DAYS * 24 + 35
