"""An orderly stop: what was begun is finished, and the process says goodbye with 0."""

import signal

import httpx

from interfaces.cli import demo_stage
from interfaces.cli.demo_stage import Stage
from tests.support import road
from tests.support.road import Traveller


async def test_every_process_ends_with_zero_when_it_is_told_to_stop(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    flight = road.schedule(stage.owner_dsn, seats=1)
    assert (await road.book(client, traveller, flight)).status_code == 201
    for name in ("web", "worker", "scheduler", "projector"):
        process = stage.processes[name]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=road.WAIT_SECONDS) == 0, name
        demo_stage.restart(stage, name)
    await road.await_ready(client)
