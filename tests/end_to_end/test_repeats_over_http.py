"""A request that is repeated with its key is answered as before, whatever has changed since."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest

from tests.support import customers, running_system
from tests.support.customers import PASSPORT, Customer, Refused
from tests.support.running_system import System

# What an answer shows of the present, not of the moment at which the command was carried out.
OF_THE_PRESENT = ("availableActions", "refundStatus", "due")


class Case(msgspec.Struct):
    """A customer with a confirmed booking, and staff."""

    system: System
    customer: Customer
    support: Customer
    gate: Customer
    operations: Customer
    flight: str
    booking: str

    async def end(self) -> None:
        """The whole booking is cancelled by staff, and its flight by operations."""
        try:
            waived = await self.support.on(
                self.booking, "cancellation-quote", {"waiver": "bereavement"}
            )
            await self.support.on(self.booking, "cancel", {"quoteId": waived["quoteId"]})
        except Refused:
            pass  # the case has ended it already, or it is on board
        await self.operations.post(
            f"/api/admin/flights/{self.flight}/cancel", {"reason": "no crew"}
        )


Request = tuple[Customer, str, dict[str, Any] | None]
Step = Callable[[Case], Awaitable[Request]]


async def create(case: Case) -> Request:
    wanted = {"flightIds": [case.flight], "passengers": [{"type": "ADT"}]}
    body = {
        **customers.booking_body(case.flight),
        "quoteId": (await case.customer.post("/api/quotes", wanted))["quoteId"],
    }
    return case.customer, "/api/bookings", body


async def request_service(case: Case) -> Request:
    body = {"passenger": 0, "code": "VGML"}
    return case.customer, f"/api/bookings/{case.booking}/special-services", body


async def record_document(case: Case) -> Request:
    return (
        case.customer,
        f"/api/bookings/{case.booking}/documents",
        {"passenger": 0, **PASSPORT},
    )


async def choose_seat(case: Case) -> Request:
    body = {"seats": [{"passenger": 0, "seat": "13B"}]}
    return case.customer, f"/api/bookings/{case.booking}/seats", body


async def correct_name(case: Case) -> Request:
    body = {"passenger": 0, "firstName": "Nora", "lastName": "Alharbi"}
    return case.customer, f"/api/bookings/{case.booking}/correct-name", body


async def modify(case: Case) -> Request:
    cheaper = running_system.schedule(
        case.system, seats=2, fare=30_000, leaves_in=running_system.LATER
    )
    quote = await case.customer.on(case.booking, "modification-quote", {"flightId": cheaper})
    return (
        case.customer,
        f"/api/bookings/{case.booking}/modify",
        {"quoteId": quote["quoteId"]},
    )


async def cancel(case: Case) -> Request:
    quote = await case.customer.on(case.booking, "cancellation-quote", {})
    return (
        case.customer,
        f"/api/bookings/{case.booking}/cancel",
        {"quoteId": quote["quoteId"]},
    )


async def check_in(case: Case) -> Request:
    return case.customer, f"/api/bookings/{case.booking}/check-in", {}


async def offload(case: Case) -> Request:
    await case.customer.on(case.booking, "check-in", {})
    body = {"segment": 0, "reason": "intoxicated", "fault": "passenger"}
    return case.gate, f"/api/bookings/{case.booking}/offload", body


async def grant_refund(case: Case) -> Request:
    finance = await customers.staff(case.system, case.customer.client, "finance")
    return finance, f"/api/admin/bookings/{case.booking}/refund", {"reason": "complaint upheld"}


@pytest.mark.parametrize(
    "step",
    [
        create,
        request_service,
        record_document,
        choose_seat,
        correct_name,
        modify,
        cancel,
        check_in,
        offload,
        grant_refund,
    ],
)
async def test_a_repeat_gets_the_first_answer_after_the_world_has_changed(
    system: System, client: httpx.AsyncClient, customer: Customer, step: Step
) -> None:
    flight = running_system.schedule(system, seats=20, leaves_in=running_system.TOMORROW)
    booking = (await customer.confirmed([flight]))["id"]
    staff = [await customers.staff(system, client, role) for role in ("support", "gate", "ops")]
    case = Case(system, customer, *staff, flight, booking)
    who, path, body = await step(case)
    key = secrets.token_hex(8)
    first = await who.call("POST", path, body, key=key)
    await case.end()
    headers = {**who.headers, "Idempotency-Key": key}
    again = await client.post(path, json=body, headers=headers)
    assert again.is_success, again.text
    assert again.headers["idempotency-replayed"] == "true"
    before, after = (
        {name: value for name, value in each.items() if name not in OF_THE_PRESENT}
        for each in (first, again.json())
    )
    assert after == before
    other = {**(body or {}), "idempotencyKey": key, "extra": "member"}
    assert (await client.post(path, json=other, headers=headers)).status_code == 400
