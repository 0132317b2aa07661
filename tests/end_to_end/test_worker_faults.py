"""Worker and scheduler killed, Valkey gone: slower, never wrong."""

import asyncio

import httpx

from interfaces.cli import demo_stage
from interfaces.cli.demo_stage import Stage
from tests.support import system
from tests.support.system import Traveller


async def test_a_payment_is_confirmed_once_although_worker_and_scheduler_are_killed(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    bookings = []
    flight = system.schedule(stage.owner_dsn, seats=20)
    for _ in range(6):
        booking = (await system.book(client, traveller, flight)).json()["id"]
        session = (await system.checkout(client, traveller, booking)).json()
        await system.press(session["checkoutUrl"], "pay")
        bookings.append(booking)
        for name in ("worker", "scheduler"):
            stage.processes[name].kill()
            stage.processes[name].wait()
            demo_stage.restart(stage, name)
    for booking in bookings:
        await system.await_status(client, traveller, booking, "confirmed")
        assert system.tags(stage.owner_dsn, booking).count("booking.confirmed.1") == 1
        payment = booking.replace("booking-", "payment-")
        assert system.tags(stage.owner_dsn, payment).count("payment.captured.1") == 1
    system.assert_invariants(stage.owner_dsn)


async def test_bookings_go_on_without_a_token_or_with_a_forged_one_refused(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    flight = system.schedule(stage.owner_dsn, seats=5)
    forged = Traveller(traveller.email, {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."})
    nobody = Traveller(traveller.email, {})
    head, payload, signature = traveller.headers["Authorization"].split(" ")[1].split(".")
    altered = Traveller(
        traveller.email, {"Authorization": f"Bearer {head}.{payload}.{signature[::-1]}"}
    )
    for who in (forged, nobody, altered):
        answer = await system.book(client, who, flight)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    answers = await asyncio.gather(*(system.book(client, traveller, flight) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [201] * 5
