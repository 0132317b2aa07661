"""Every field, query parameter and name in a path, with values that nobody should send.

The forms come from the published description of the routes, so that a new field is tried by itself.
"""

import copy
import json
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import aiohttp
import httpx
import pytest
import yarl

from tests.support import customers, modes, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

MEMBERS = {"code", "message", "correlationId", "retryable", "details"}
NAMES = (
    "0001-01",
    "9999-12",
    "0000-00",
    "2026-13",
    "20260-1",
    "1900-01-01",
    "9999-12-31",
    "0001-01-01",
    "-1",
    "0",
    "9" * 19,
    "9" * 30,
    "1e9",
    "\u0662\u0660\u0662\u0666-\u0661\u0661",
    "INV-2026-000001",
    "\u0000",
    "%",
    "_",
    "'",
    "\U0001f600",
)
VALUES: tuple[Any, ...] = (
    None,
    "",
    "7",
    7,
    0,
    -1,
    2**63,
    10**40,
    0.5,
    True,
    [],
    {},
    [None],
    "\u0000",
    "\ud800",
    "9" * 30,
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "ZZZ",
    "\u0661\u0662",
    "x" * 3_000,
)


class Description:
    """The published description of the routes."""

    def __init__(self, schema: dict[str, Any]) -> None:
        # A policy is for all.
        self.paths: dict[str, dict[str, Any]] = {
            path: methods
            for path, methods in schema["paths"].items()
            if path not in modes.SWITCHES and not path.startswith("/api/admin/policies/")
        }
        self._parts = schema["components"]["schemas"]

    def routes(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Method, path and operation of what is asked with a token."""
        for path, methods in self.paths.items():
            if path.startswith(("/api/auth", "/api/webhooks", "/schema")):
                continue
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def whole(self, form: dict[str, Any]) -> dict[str, Any]:
        """The form itself, in place of a reference to it."""
        while "$ref" in form:
            form = self._parts[form["$ref"].rpartition("/")[2]]
        return form

    def example(self, form: dict[str, Any]) -> Any:
        """A value of the form that may pass the decoder."""
        form = self.whole(form)
        for choice in ("oneOf", "anyOf"):
            if choice in form:
                return self.example(form[choice][0])
        if "enum" in form:
            return form["enum"][0]
        kind = form.get("type")
        if kind == "object" or "properties" in form:
            wanted = form.get("properties", {})
            return {
                name: self.example(each)
                for name, each in wanted.items()
                if name != "idempotencyKey"  # the header has one
            }
        if kind == "array":
            return [self.example(form.get("items", {}))]
        if kind == "string" and form.get("format") == "date":
            return "2026-10-20"
        if kind == "string" and "pattern" in form and "A-Z]{3}" in form["pattern"]:
            return "SAR"
        examples = {"integer": 1, "number": 1, "boolean": True, "string": "ABCD1234"}
        return examples.get(str(kind))

    def odd_bodies(self, operation: dict[str, Any]) -> Iterator[Any]:
        """The body as it may be, with one field at a time replaced or taken out."""
        content = operation.get("requestBody", {}).get("content", {})
        form = content.get("application/json", {}).get("schema")
        if form is None:
            return
        example = self.example(form)
        yield example
        for place in _places(example):
            for value in VALUES:
                yield _with(example, place, value)


def _places(value: Any) -> Iterator[tuple[Any, ...]]:
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for name, inner in items:
        yield (name,)
        for place in _places(inner):
            yield (name, *place)


def _with(example: Any, place: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(example)
    inner = changed
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return changed


class Asking:
    """Who asks, and what came back that is not in the form of the contract."""

    def __init__(self, system: System, session: aiohttp.ClientSession, asking: Customer) -> None:
        self._system, self._session, self._headers = system, session, asking.headers
        self.faults: set[str] = set()
        self.asked = 0

    async def ask(self, method: str, path: str, body: Any = None) -> None:
        """Send the request, and note a fault of ours."""
        sent = {**self._headers, "Idempotency-Key": secrets.token_hex(8)}
        content = None
        if body is not None:
            sent["Content-Type"] = "application/json"
            content = json.dumps(body, ensure_ascii=True).encode()
        target = yarl.URL(self._system.base_url + path, encoded=True)
        self.asked += 1
        async with self._session.request(method, target, data=content, headers=sent) as answer:
            text = await answer.text()
        if answer.status < 400:
            return
        found = json.loads(text)
        expected = answer.status < 500 or found["code"] == "SERVICE_UNAVAILABLE"
        if not expected or set(found) != MEMBERS:
            self.faults.add(f"{method} {path} {json.dumps(body)[:200]}: {answer.status} {text}")


def _filled(path: str, known: dict[str, str], odd: str, at: str | None) -> str:
    for name in [each.partition("}")[0] for each in path.split("{")[1:]]:
        value = odd if name == at else known.get(name.partition(":")[0], "ABCDEF")
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


async def _ask_all(asking: Asking, description: Description, known: dict[str, str]) -> None:
    for method, path, operation in description.routes():
        plain = _filled(path, known, "", None)
        for body in description.odd_bodies(operation):
            await asking.ask(method, plain, body)
        for parameter in operation.get("parameters", ()):
            for odd in NAMES:
                if parameter["in"] == "path":
                    body = next(description.odd_bodies(operation), None)
                    target = _filled(path, known, odd, parameter["name"])
                elif parameter["in"] == "query":
                    target = f"{plain}?{parameter['name']}={quote(odd, safe='')}"
                    required = [
                        f"{each['name']}=2026-11"
                        for each in operation["parameters"]
                        if each.get("required")
                        and each["in"] == "query"
                        and each["name"] != parameter["name"]
                    ]
                    target = "&".join([target, *required])
                    body = None
                else:
                    continue
                await asking.ask(method, target, body)


@pytest.mark.parametrize("role", [None, "finance", "ops"])
async def test_no_odd_value_is_a_fault_of_ours(
    system: System, client: httpx.AsyncClient, customer: Customer, role: str | None
) -> None:
    flight = running_system.schedule(system, seats=9)
    booking = (await customer.confirmed([flight], party=("ADT", "ADT")))["id"]
    # Odd passwords lock the account.
    who = customer if role is None else await customers.fresh_staff(system, client, role)
    locator = booking.removeprefix("booking-")
    known = {
        "booking_id": booking,
        "flight_id": flight,
        "segment": "0",
        "passenger": "0",
        "credit_id": "credit-AAAAAAAAAAAAAAAA",
        "claim_id": f"claim-{locator}-{flight.removeprefix('flight-')}",
        "payment_id": f"payment-{locator}-1",
        "refund_id": f"payment-{locator}-1-r1",
        "intent": "pi_1",
        "payout_id": "po_1",
        "dispute_id": "dp_1",
        "use": f"payment-{locator}-1-c1",
        "month": "2026-10",
        "day": "2026-10-20",
    }
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{system.base_url}/schema/openapi.json") as answer:
            description = Description(await answer.json())
        asking = Asking(system, session, who)
        await _ask_all(asking, description, known)
    assert asking.asked > 1_000
    assert "\n".join(sorted(asking.faults)) == ""
    stored_log.assert_invariants(system.owner_dsn)
