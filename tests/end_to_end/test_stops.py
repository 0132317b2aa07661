"""An orderly stop: what was begun is finished, and the process says goodbye with 0."""

import signal

import httpx

from interfaces.cli import demo_stage
from interfaces.cli.demo_stage import Stage
from tests.support import system
from tests.support.system import Traveller


async def test_every_process_ends_with_zero_when_it_is_asked_to_stop(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    flight = system.schedule(stage.owner_dsn, seats=1)
    assert (await system.book(client, traveller, flight)).status_code == 201
    for name in ("web", "worker", "scheduler", "projector"):
        process = stage.processes[name]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=system.WAIT_SECONDS) == 0, name
        demo_stage.restart(stage, name)
    await system.await_ready(client)
