"""Every step of the state table that a route or a process can cause, walked through HTTP.

What only time can cause is in `tests/integration/timers`.
"""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest

from application.coordination import Lock
from domain.booking.fold import evolve
from domain.booking.state import Booking
from domain.booking.states import TRANSITIONS, Status
from infrastructure.event_store import codec
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System

# Only a scheduler of its own can be put to sleep while requests are answered.
pytestmark = running_system.SEPARATE
S = Status
# Drafts, places on the waitlist and holds lapse by timer only.
BY_TIME = {(S.INITIATED, S.EXPIRED), (S.PENDING, S.EXPIRED), (S.RESERVED, S.EXPIRED)}


@contextmanager
def _nothing_by_itself(system: System) -> Iterator[None]:
    """While the scheduler sleeps, only requests move anything."""
    scheduler = system.processes["scheduler"]
    _put_to_sleep(system, scheduler)
    try:
        yield
    finally:
        scheduler.send_signal(signal.SIGCONT)


def _put_to_sleep(system: System, scheduler: "subprocess.Popen[bytes]") -> None:
    """Not while it holds the log's lock: nobody could write until it wakes."""
    locked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
    with psycopg.connect(system.owner_dsn, autocommit=True) as connection:
        for _ in range(100):
            scheduler.send_signal(signal.SIGSTOP)
            for _ in range(20):
                row = connection.execute(locked, (Lock.LOG_APPEND,)).fetchone()
                if row == (0,):
                    return
                time.sleep(0.01)
            scheduler.send_signal(signal.SIGCONT)
            time.sleep(0.05)
    raise AssertionError("the scheduler never let the log go")


@contextmanager
def _only_requests(system: System) -> Iterator[None]:
    """While nothing follows in the append of its cause either."""
    with (
        running_system.other_settings(system, follow_ups="from_the_log"),
        _nothing_by_itself(system),
    ):
        yield


async def _drafts(system: System, customer: Customer) -> None:
    flight = running_system.schedule(system, seats=2)
    draft = await customer.reserved([flight], mode="draft")
    assert (draft["status"], "hold" in draft["availableActions"]) == ("initiated", True)
    assert (await customer.on(draft["id"], "hold"))["status"] == "reserved"
    assert (await customer.cancelled(draft["id"]))[1]["status"] == "cancelled"
    other = await customer.reserved([flight], mode="draft")
    assert (await customer.cancelled(other["id"]))[1]["status"] == "cancelled"


async def _waitlist(system: System, customer: Customer) -> None:
    flight = running_system.schedule(system, seats=1)
    first = await customer.reserved([flight])
    second = await customer.reserved([flight], mode="waitlist")
    third = await customer.reserved([flight], mode="waitlist")
    assert [second["status"], third["status"]] == ["pending", "pending"]
    with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
        await customer.on(third["id"], "checkout")
    await customer.cancelled(first["id"])
    offered = await customer.becomes(second["id"], "reserved")
    assert offered["holdUntil"] > first["holdUntil"]
    assert (await customer.booking(third["id"]))["status"] == "pending"
    await customer.cancelled(third["id"])
    await customer.pay(second["id"])
    await customer.becomes(second["id"], "confirmed")


async def _paying_from_the_waitlist(system: System, customer: Customer) -> None:
    flight = running_system.schedule(system, seats=1)
    first = await customer.reserved([flight])
    waiting = await customer.reserved([flight], mode="waitlist")
    with _only_requests(system):
        await customer.cancelled(first["id"])
        await customer.pay(waiting["id"], button="decline")
        await customer.becomes(waiting["id"], "payment_failed")
        await customer.pay(waiting["id"])
        await customer.becomes(waiting["id"], "paid")
    await customer.becomes(waiting["id"], "confirmed")


async def _failed_and_cancelled(system: System, customer: Customer) -> None:
    flight = running_system.schedule(system, seats=1)
    first = await customer.reserved([flight])
    waiting = await customer.reserved([flight], mode="waitlist")
    with _only_requests(system):
        await customer.cancelled(first["id"])
        await customer.pay(waiting["id"], button="decline")
        await customer.becomes(waiting["id"], "payment_failed")
        assert (await customer.cancelled(waiting["id"]))[1]["status"] == "cancelled"


async def _paid_and_not_ticketed(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    flight = running_system.schedule(system, seats=2)
    with _only_requests(system):
        abandoned = await customer.reserved([flight])
        granted = await customer.reserved([flight])
        for booking in (abandoned, granted):
            await customer.pay(booking["id"])
            await customer.becomes(booking["id"], "paid")
        quote, cancelled = await customer.cancelled(abandoned["id"])
        assert (quote["refund"], cancelled["status"]) == (
            abandoned["total"],
            "cancelled",
        )
        await finance.post(
            f"/api/admin/bookings/{granted['id']}/refund", {"reason": "cannot be ticketed"}
        )
    for booking in (abandoned, granted):
        await customer.becomes(booking["id"], "refunded")
        assert set(stored_log.balances(system.owner_dsn, booking["id"]).values()) == {0}


async def _after_check_in(system: System, client: httpx.AsyncClient, customer: Customer) -> None:
    gate = await customers.staff(system, client, "gate")
    operations = await customers.staff(system, client, "ops")
    finance = await customers.staff(system, client, "finance")
    flight = running_system.schedule(system, seats=8, leaves_in=running_system.SOON)
    cancels, stays_away, off, flies, never = [await customer.confirmed([flight]) for _ in range(5)]
    for booking in (cancels, stays_away, off, flies):
        await customer.on(booking["id"], "check-in", {})
    await customer.cancelled(cancels["id"])
    for booking in (off, flies):
        await gate.on(booking["id"], "board", {})
    await gate.on(off["id"], "offload", {"reason": "unwell", "fault": "passenger"})
    await operations.let_depart(flight)
    await customer.becomes(stays_away["id"], "no_show")
    await customer.becomes(never["id"], "no_show")
    await customer.becomes(flies["id"], "completed")
    for booking in (stays_away, flies):
        path = f"/api/admin/bookings/{booking['id']}/refund"
        await finance.post(path, {"reason": "goodwill of the airline"})
        await customer.becomes(booking["id"], "refunded")


async def test_every_step_of_the_table_is_walked_and_no_other(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    await _drafts(system, customer)
    await _waitlist(system, customer)
    await _paying_from_the_waitlist(system, customer)
    await _failed_and_cancelled(system, customer)
    await _paid_and_not_ticketed(system, client, customer)
    await _after_check_in(system, client, customer)
    abandoned = await customer.confirmed([running_system.schedule(system, seats=1)])
    await customer.cancelled(abandoned["id"])
    confirmed = await customer.confirmed([running_system.schedule(system, seats=1)])
    await finance.post(f"/api/admin/bookings/{confirmed['id']}/refund", {"reason": "goodwill"})
    await customer.becomes(confirmed["id"], "refunded")
    allowed = {(before, after) for before, reached in TRANSITIONS.items() for after in reached}
    assert _walked(system.owner_dsn, confirmed["id"]) == allowed - BY_TIME
    stored_log.assert_invariants(system.owner_dsn)


def _walked(owner_dsn: str, booking: str) -> set[tuple[Status, Status]]:
    """The moves of all bookings that have the owner of this one."""
    moves: list[tuple[str, Status, Status]] = []
    bookings: dict[str, Booking] = {}
    with psycopg.connect(owner_dsn) as connection:
        for stream, tag, payload in connection.execute(
            "SELECT stream, tag, payload FROM ledger.event "
            "WHERE starts_with(stream, 'booking-') ORDER BY position"
        ):
            before = bookings.get(stream)
            event: Any = codec.decode(tag, payload)
            after = bookings[stream] = evolve(before, event)
            if before is not None and before.status is not after.status:
                moves.append((stream, before.status, after.status))
    owner = bookings[booking].owner
    return {(before, after) for name, before, after in moves if bookings[name].owner == owner}
