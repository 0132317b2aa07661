"""One correlation id, from the HTTP request to the e-mail: in events, outbox, logs and traces."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import psycopg

from infrastructure.telemetry import trace_file
from infrastructure.telemetry.trace_file import StoredSpan
from infrastructure.telemetry.traces import trace_id_of
from interfaces.cli import trace
from tests.support import running_system
from tests.support.customers import Customer
from tests.support.running_system import System

pytestmark = running_system.EACH_FORM

WAIT_SECONDS = 20.0
EVENTS = {
    "booking.cancelled.1": "the request",
    "payment.refund_requested.1": "what follows from it in the same append",
    "payment.refund_accepted.1": "the worker, after Stripe's answer",
}


def _logged(system: System, correlation: str) -> list[dict[str, Any]]:
    """The log lines of all our processes that carry the id; every line is JSON."""
    lines = []
    for name in system.processes.keys() - {"stripe simulator"}:
        for line in (system.folder / "logs" / f"{name}.log").read_text().splitlines():
            lines.append(json.loads(line))
    return [each for each in lines if each.get("correlation_id") == correlation]


def _rows(system: System, query: str, correlation: str) -> list[Any]:
    with psycopg.connect(system.owner_dsn) as connection:
        return [row[0] for row in connection.execute(query.encode(), (correlation,)).fetchall()]


def _spans(system: System, correlation: str) -> list[StoredSpan]:
    return trace_file.read(system.folder, f"{trace_id_of(correlation):032x}")


async def _until(found: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    end = time.monotonic() + WAIT_SECONDS
    while not holds(seen := found()):
        assert time.monotonic() < end, seen
        await asyncio.sleep(0.2)
    return seen


def _is_whole(spans: list[StoredSpan]) -> bool:
    """Whether the steps are there, and none whose parent has not been written yet."""
    names = {each.name for each in spans}
    known = {each.span for each in spans} | {""}
    return {"request", "append", "stripe", "letter"} <= names and {
        each.parent for each in spans
    } <= known


def _path(spans: list[StoredSpan], last: StoredSpan) -> list[str]:
    """The names from the first span of the trace to this one."""
    by_id = {each.span: each for each in spans}
    names, at = [last.name], last
    while at.parent:
        at = by_id[at.parent]
        names.append(at.name)
    return names[::-1]


async def test_a_cancellation_is_followed_from_the_request_to_the_refund_and_the_letter(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=2)
    booking = (await customer.confirmed([flight]))["id"]
    correlation = str(uuid.uuid4())
    quote = await customer.on(booking, "cancellation-quote", {})
    answer = await client.post(
        f"/api/bookings/{booking}/cancel",
        json={"quoteId": quote["quoteId"]},
        headers={
            **customer.headers,
            "Idempotency-Key": correlation,
            "X-Correlation-Id": correlation,
        },
    )
    assert (answer.status_code, answer.headers["x-correlation-id"]) == (200, correlation)

    spans = await _until(lambda: _spans(system, correlation), _is_whole)

    # Its outcome is recorded after the call to Stripe has been written to the trace.
    of_request = "SELECT tag FROM ledger.event WHERE correlation_id = %s"
    await _until(
        lambda: set(_rows(system, of_request, correlation)), lambda tags: EVENTS.keys() <= tags
    )
    origin = "SELECT topic FROM ledger.outbox WHERE body -> '_origin' ->> 'correlation_id' = %s"
    assert {"refund_payment", "mail.booking_cancelled"} <= set(_rows(system, origin, correlation))

    paths = [_path(spans, each) for each in spans]
    assert ["request", "command", "append"] in paths
    assert ["request", "command", "task", "stripe"] in paths
    # Letters that one message carries are each a step of the request that asked for them.
    by_letter = ["request", "command", "letter"]
    assert ["request", "command", "task", "letter"] in paths or by_letter in paths
    (call,) = [each for each in spans if each.facts.get("endpoint") == "post /v1/refunds"]
    assert str(call.facts["stripe_request"]).startswith("req_")
    (request,) = [each for each in spans if each.name == "request"]
    assert request.facts["route"] == "/api/bookings/{booking_id}/cancel"
    assert all(each.facts["correlation_id"] == correlation for each in spans)

    logged = [each["event"] for each in _logged(system, correlation)]
    assert "POST /api/bookings/{booking_id}/cancel: 200" in logged
    assert f"Stripe post /v1/refunds: {call.facts['stripe_request']}" in logged
    assert "letter sent: booking-cancelled" in logged
    traces = {each["trace_id"] for each in _logged(system, correlation)}
    assert traces == {spans[0].trace}

    if "worker" in system.processes:
        assert {each.role for each in spans} >= {"web", "worker"}
    shown = "\n".join(trace.lines_of(spans))
    assert customer.email not in shown
