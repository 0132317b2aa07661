"""Worker and scheduler killed, in both forms of processes: slower, never wrong."""

import asyncio

import httpx

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System


@running_system.EACH_FORM
async def test_a_payment_is_confirmed_once_although_worker_and_scheduler_are_killed(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    bookings = []
    flight = running_system.schedule(system, seats=20)
    for _ in range(3):
        booking = (await customer.send_booking(flight)).json()["id"]
        session = (await customer.send_checkout(booking)).json()
        await customers.press(session["checkoutUrl"], "pay")
        bookings.append(booking)
        running_system.restart(system, "worker", "scheduler")
        await running_system.await_ready(client)
    for booking in bookings:
        await customer.becomes(booking, "confirmed")
        assert stored_log.tags(system.owner_dsn, booking).count("booking.confirmed.1") == 1
        payment = booking.replace("booking-", "payment-")
        assert stored_log.tags(system.owner_dsn, payment).count("payment.captured.1") == 1
    stored_log.assert_invariants(system.owner_dsn)


async def test_bookings_go_on_without_a_token_or_with_a_forged_one_refused(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=5)
    forged = Customer(client, {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."})
    nobody = Customer(client, {})
    head, payload, signature = customer.headers["Authorization"].split(" ")[1].split(".")
    altered = Customer(client, {"Authorization": f"Bearer {head}.{payload}.{signature[::-1]}"})
    for stranger in (forged, nobody, altered):
        answer = await stranger.send_booking(flight)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    answers = await asyncio.gather(*(customer.send_booking(flight) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [201] * 5
