"""What an on-call engineer sees of a running system: every process shows what it does."""

import asyncio
import time
import urllib.request
from collections.abc import Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from application import metrics
from interfaces.worker import measuring
from tests.support import running_system
from tests.support.customers import Customer
from tests.support.running_system import System

pytestmark = running_system.EACH_FORM

# Measured by the leading scheduler, where a book, a read model or a break has any.
RARE = {each.name for each in (metrics.OPEN_BREAKS, metrics.OPEN_MONEY, metrics.SLOT_BEHIND)}
Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def _shown(system: System, role: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    name = role if role in system.metrics_ports else "serve"
    url = f"http://127.0.0.1:{system.metrics_ports[name]}/metrics"
    with urllib.request.urlopen(url, timeout=30) as answer:
        text = answer.read().decode()
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def _sum(samples: Samples, name: str, **labels: str) -> float:
    return sum(
        value
        for (found, having), value in samples.items()
        if found == name and labels.items() <= dict(having).items()
    )


async def _until(read: Any, wanted: float) -> float:
    end = time.monotonic() + 2 * measuring.MEASURE_SECONDS
    while (seen := await asyncio.to_thread(read)) < wanted:
        assert time.monotonic() < end, seen
        await asyncio.sleep(0.5)
    return float(seen)


async def test_a_sale_shows_in_the_metrics_of_each_role(system: System, customer: Customer) -> None:
    route = "/api/bookings/{booking_id}/checkout"
    before = {role: _shown(system, role) for role in ("web", "worker", "projector")}
    flight = running_system.schedule(system, seats=1)
    booking = (await customer.confirmed([flight]))["id"]

    def grown(role: str, name: str, **labels: str) -> float:
        return _sum(_shown(system, role), name, **labels) - _sum(before[role], name, **labels)

    assert grown("web", "ais_request_seconds_count", route=route, status="2xx") == 1
    assert grown("web", "ais_commands_total", outcome="done") >= 3
    assert grown("web", "ais_append_seconds_count") >= 3
    assert grown("web", "ais_append_commands_sum") >= grown("web", "ais_append_commands_count") > 0
    calls = {"endpoint": "post /v1/checkout/sessions", "outcome": "ok"}
    assert grown("web", "ais_stripe_call_seconds_count", **calls) == 1
    letters = {"kind": "booking-confirmed", "outcome": "sent"}
    await _until(lambda: grown("worker", "ais_letters_total", **letters), 1)
    assert grown("worker", "ais_task_seconds_count", outcome="done") >= 1
    model = {"read_model": "booking_list"}
    await _until(lambda: grown("projector", "ais_projection_events_total", **model), 4)
    assert grown("projector", "ais_projection_batch_seconds_count", **model) >= 1
    shown = "".join(map(str, _shown(system, "web")))
    assert [each for each in (booking, customer.email, flight) if each in shown] == []


async def test_the_leading_scheduler_shows_what_waits_and_how_far_read_models_are(
    system: System, customer: Customer
) -> None:
    def measured_at() -> float:
        return _sum(_shown(system, "scheduler"), metrics.MEASURED_AT.name)

    flight = running_system.schedule(system, seats=1)
    held = await customer.reserved([flight])
    await customer.becomes(held["id"], "reserved")
    await _until(measured_at, measured_at() + 1)
    samples = _shown(system, "scheduler")
    names = {name for name, _ in samples}
    assert {each.name for each in measuring.MEASURED} - RARE <= names
    assert _sum(samples, "ais_projection_behind_events", read_model="ledger_journal") < 1_000
    assert _sum(samples, "ais_projection_stopped") == 0
    assert _sum(samples, "ais_parked_events") == 0
    assert _sum(samples, "ais_outbox_failed") == 0
    assert _sum(samples, "ais_database_lock_waits") >= 0
