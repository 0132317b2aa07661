"""Every route for every role, with a booking of one's own and of another customer.

Generated from the document: a new route is tried without a line here.
"""

import re
import secrets
from typing import Any, get_args

import httpx
import msgspec
import pytest

from domain.identity import roles
from domain.identity.roles import Role
from interfaces.http.app import ROUTES
from interfaces.http.audit_stream import EVENT_STREAM
from interfaces.http.auth import Admission
from interfaces.http.openapi.operations import operation_id
from tests.support import customers, modes, running_system, stored_log
from tests.support.customers import Customer
from tests.support.openapi_document import openapi_document
from tests.support.running_system import System

# Values for parameters of paths; a booking is made by the test.
UNKNOWN = {"day": "2026-11-30", "month": "2026-11", "form": "pdf", "name": "INV-2026-000001.pdf"}
# What is not found is not the booking: a flight, a credit, shares that nobody has asked for.
NAMES_ANOTHER = {"quoteModification", "spendCredit", "readShares"}
# After these the caller signs in again.
ENDS_THE_SESSION = {"logout", "logoutAll"}
NO_BOOKING = "booking-ZZZZZZ"
ADMISSIONS: dict[str, Admission] = {
    operation_id(handler): handler.opt["admission"]
    for handler in ROUTES
    if "admission" in handler.opt
}


class Call(msgspec.Struct, frozen=True):
    """An operation of the document, as it is called."""

    name: str
    method: str
    path: str
    body: Any
    query: dict[str, Any]

    async def send(
        self, client: httpx.AsyncClient, headers: dict[str, str], booking: str = NO_BOOKING
    ) -> httpx.Response:
        """Call it about this booking."""
        values = {**UNKNOWN, "booking_id": booking}
        path = re.sub(r"{(\w+)}", lambda found: values.get(found[1], "0"), self.path)
        async with client.stream(
            self.method,
            path,
            json=self.body,
            params=self.query,
            headers={**headers, "Idempotency-Key": secrets.token_hex(8)},
        ) as answer:
            # An event stream does not end.
            if not answer.headers.get("content-type", "").startswith(EVENT_STREAM):
                await answer.aread()
            return answer


def _calls() -> list[Call]:
    paths = openapi_document()["paths"]
    return [
        Call(found["operationId"], method.upper(), path, _body(path, found), _query(found))
        for path, operations in paths.items()
        for method, found in operations.items()
        if found["operationId"] in ADMISSIONS
    ]


def _body(path: str, operation: dict[str, Any]) -> Any:
    # Without a reason no mode begins.
    return {} if path in modes.SWITCHES else _example(operation)


def _example(operation: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    example = content.get("example")
    if isinstance(example, dict):
        return {name: value for name, value in example.items() if name != "idempotencyKey"}
    return example


def _query(operation: dict[str, Any]) -> dict[str, Any]:
    return {
        each["name"]: each["example"]
        for each in operation.get("parameters", ())
        if each["in"] == "query" and each["required"]
    }


CALLS = _calls()
SIGNED_IN = [each for each in CALLS if ADMISSIONS[each.name].signed_in]
# Whoever knows the name and reference of a booking may ask, so it is no secret to them.
BY_NAME = {"attachBooking"}
OF_A_BOOKING = [
    each
    for each in SIGNED_IN
    if each.path.startswith("/api/bookings/{booking_id}") and each.name not in BY_NAME
]


async def test_nobody_gets_in_without_a_token(client: httpx.AsyncClient) -> None:
    assert len(SIGNED_IN) > 100
    for headers in ({}, {"Authorization": "Bearer of.bad.news"}):
        answers = {each.name: await each.send(client, headers) for each in SIGNED_IN}
        wrong = {name: found.status_code for name, found in answers.items()}
        assert {name: status for name, status in wrong.items() if status != 401} == {}
        assert all(found.json()["code"] == "UNAUTHORIZED" for found in answers.values())


@pytest.mark.parametrize("role", get_args(Role))
async def test_a_role_gets_in_exactly_where_it_has_the_permission(
    system: System, client: httpx.AsyncClient, role: Role
) -> None:
    """Fault row 51: where it gets in, nothing is found, or the request is wrong; else it is 403."""
    caller = await customers.fresh_staff(system, client, role)
    wrong = {}
    for each in SIGNED_IN:
        permission = ADMISSIONS[each.name].permission
        status = (await each.send(client, caller.headers)).status_code
        may = permission is None or roles.may(role, permission)
        if (status == 403) == may or status in {401, 429} or status >= 500:
            wrong[each.name] = status
        if each.name in ENDS_THE_SESSION:
            caller = await customers.fresh_staff(system, client, role)
    assert wrong == {}


async def test_another_customers_booking_is_one_that_does_not_exist(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 50: the same answer for a booking of another customer and for none, recorded."""
    booking = (await customer.confirmed([running_system.schedule(system, seats=3)]))["id"]
    before = await customer.booking(booking)
    stranger = await customers.register(client)
    me = (await client.get("/api/auth/me", headers=stranger.headers)).json()["id"]
    assert len(OF_A_BOOKING) > 30
    wrong = {}
    for each in OF_A_BOOKING:
        permission = ADMISSIONS[each.name].permission
        may = permission is None or roles.may("customer", permission)
        foreign = await each.send(client, stranger.headers, booking)
        unknown = await each.send(client, stranger.headers)
        expected = (404, "NOT_FOUND") if may else (403, "FORBIDDEN")
        found = (foreign.status_code, foreign.json()["code"])
        if found != expected or _shape(foreign) != _shape(unknown):
            wrong[each.name] = (foreign.json(), unknown.json())
    assert wrong == {}
    assert await customer.booking(booking) == before
    listed = await client.get("/api/bookings", headers=stranger.headers)
    assert listed.json()["bookings"] == []
    stored_log.await_row(
        system.owner_dsn,
        "SELECT count(DISTINCT route) FROM identity.auth_event "
        f"WHERE happened IN ('foreign_booking', 'permission_refused') AND user_id = '{me}'",
        lambda count: count == len(OF_A_BOOKING),
    )


def _shape(answer: httpx.Response) -> Any:
    """All of a refusal but the id of the request."""
    return answer.status_code, {**answer.json(), "correlationId": ""}


async def test_ones_own_booking_is_found_on_every_route_that_one_may_use(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = (await customer.confirmed([running_system.schedule(system, seats=3)]))["id"]
    wrong = {}
    for each in OF_A_BOOKING:
        permission = ADMISSIONS[each.name].permission
        if permission is None or roles.may("customer", permission):
            found = await each.send(client, customer.headers, booking)
            is_part = each.path.count("{") > 1 or each.name in NAMES_ANOTHER
            if found.status_code in {401, 403} or (found.status_code == 404 and not is_part):
                wrong[each.name] = found.text
    assert wrong == {}
