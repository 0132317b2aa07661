"""An orderly stop: what was begun is finished, and the process says goodbye with 0."""

import signal

import httpx

from interfaces.cli import demo_stage
from tests.support import running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System


async def test_every_process_ends_with_zero_when_it_is_asked_to_stop(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=1)
    assert (await customer.send_booking(flight)).status_code == 201
    for name in ("web", "worker", "scheduler", "projector"):
        process = system.processes[name]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=stored_log.WAIT_SECONDS) == 0, name
        demo_stage.restart(system, name)
    await running_system.await_ready(client)
