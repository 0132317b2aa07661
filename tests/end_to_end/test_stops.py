"""An orderly stop: what was begun is finished, and the process says goodbye with 0."""

import asyncio
import signal
from collections.abc import Callable

import httpx

from interfaces.cli import demo_stage
from tests.support import running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

pytestmark = running_system.EACH_FORM
SLOW_SECONDS = 2.0


async def test_every_process_ends_with_zero_when_it_is_asked_to_stop(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=1)
    assert (await customer.send_booking(flight)).status_code == 201
    for name in sorted(system.processes.keys() - {"stripe simulator"}):
        process = system.processes[name]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=stored_log.WAIT_SECONDS) == 0, name
        demo_stage.restart(system, name)
    await running_system.await_ready(client)


async def test_a_request_under_way_is_answered_before_the_process_ends(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await customer.reserved([running_system.schedule(system, seats=1)])
    _slow_stripe(system, "/v1/checkout/sessions")
    asking = asyncio.create_task(customer.send_checkout(booking["id"]))
    await _until(lambda: _is_met(system))
    ending = asyncio.create_task(asyncio.to_thread(_stopped, system, "web"))
    answer = await asking
    assert answer.is_success, answer.text
    assert await ending == 0
    await _restart(system, client, "web")


async def test_a_rush_while_the_process_stops_gets_answers_in_the_form_or_none(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """What was answered holds, and what was not is repeated with its key."""
    flight = running_system.schedule(system, seats=100)

    async def book(key: str) -> httpx.Response | None:
        try:
            return await customer.send_booking(flight, key=key)
        except httpx.TransportError:
            return None

    rush = [asyncio.create_task(book(f"rush-{number}")) for number in range(60)]
    await asyncio.wait(rush, return_when=asyncio.FIRST_COMPLETED)
    assert await asyncio.to_thread(_stopped, system, "web") == 0
    answers = await asyncio.gather(*rush)
    await _restart(system, client, "web")
    for number, answer in enumerate(answers):
        if answer is not None and not answer.is_success:
            assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
            assert int(answer.headers["retry-after"]) > 0
        again = await customer.send_booking(flight, key=f"rush-{number}")
        assert again.status_code == 201, again.text
        if answer is not None and answer.is_success:
            assert again.json()["id"] == answer.json()["id"]
    assert stored_log.tags(system.owner_dsn, flight).count("flight.seats_held.1") == len(rush)


async def test_a_task_under_way_is_finished_before_the_process_ends(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await customer.confirmed([running_system.schedule(system, seats=1)])
    _slow_stripe(system, "/v1/refunds")
    await customer.cancelled(booking["id"])
    await _until(lambda: _is_met(system))
    assert await asyncio.to_thread(_stopped, system, "worker") == 0
    payment = booking["id"].replace("booking-", "payment-") + "-1"
    try:
        assert "payment.refund_accepted.1" in stored_log.tags(system.owner_dsn, payment)
    finally:
        await _restart(system, client, "worker")
    await customer.becomes(booking["id"], "refunded")


def _slow_stripe(system: System, path: str) -> None:
    fault = {"kind": "slow_after", "path": path, "method": "POST", "seconds": SLOW_SECONDS}
    running_system.control(system, "faults", **fault)


def _is_met(system: System) -> bool:
    return running_system.control(system, "faults", "GET")["armed"] == 0


def _stopped(system: System, role: str) -> int:
    process = running_system.process(system, role)
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=stored_log.WAIT_SECONDS)


async def _restart(system: System, client: httpx.AsyncClient, role: str) -> None:
    demo_stage.restart(system, demo_stage.process_of(system.processes, role))
    await running_system.await_ready(client)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(stored_log.WAIT_SECONDS):
        while True:
            if await asyncio.to_thread(holds):
                return
            await asyncio.sleep(0.02)
