"""`kill -9` while travellers check out, pay and cancel, in both forms of processes: what Stripe
captured is recorded once and has its tickets or its refund, and each letter is written.
"""

import asyncio
import os
import random
import signal

from interfaces.roles import ALL_ROLES
from tests.support import hypothesis_profile, paying_travellers, running_system
from tests.support.customers import Customer
from tests.support.paying_travellers import Travellers
from tests.support.running_system import System

pytestmark = running_system.EACH_FORM
TRAVELLERS = 8
# Each kill comes when so many have paid since the one before, and a random moment later.
PAID_BETWEEN = 6
MOMENT_SECONDS = 0.5
# Whether the servers of roles are killed, or Postgres, in this order.
KILLS = ("roles", "postgres", "roles")


async def test_killed_while_payments_and_refunds_are_under_way_no_money_ticket_or_letter_is_lost(
    system: System, customer: Customer
) -> None:
    travellers = Travellers(customer, running_system.schedule(system, seats=1_000_000))
    running_system.control(system, "rules", action="duplicate", type="payment_intent.", times=20)
    travelling = [
        asyncio.create_task(travellers.travel(cancels=number % 2 == 0))
        for number in range(TRAVELLERS)
    ]
    seed = hypothesis_profile.chosen_seed()
    print(f"AIS_TEST_SEED={seed}")
    drawn = random.Random(seed)
    for killed in KILLS:
        await paying_travellers.more_have_paid(travellers, travelling, PAID_BETWEEN)
        await asyncio.sleep(drawn.uniform(0, MOMENT_SECONDS))
        await _kill(system, killed, drawn)
    await paying_travellers.more_have_paid(travellers, travelling, PAID_BETWEEN)
    travellers.stopped = True
    await asyncio.gather(*travelling)
    await paying_travellers.assert_none_lost(system, travellers)


async def _kill(system: System, killed: str, drawn: random.Random) -> None:
    if killed == "postgres":
        os.killpg(system.postgres.pid, signal.SIGKILL)
        await asyncio.to_thread(system.postgres.restart_after_kill)
        return
    roles = drawn.sample(ALL_ROLES, drawn.randint(1, len(ALL_ROLES)))
    await asyncio.to_thread(running_system.restart, system, *roles)
