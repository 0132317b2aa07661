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
from interfaces.cli.demo_stage import Stage
from tests.support import life, system
from tests.support.life import Person, Refused
from tests.support.system import Traveller

S = Status
# Drafts, places on the waitlist and holds lapse by timer only.
BY_TIME = {(S.INITIATED, S.EXPIRED), (S.PENDING, S.EXPIRED), (S.RESERVED, S.EXPIRED)}


@contextmanager
def _nothing_by_itself(stage: Stage) -> Iterator[None]:
    """While the scheduler sleeps, only requests move anything."""
    scheduler = stage.processes["scheduler"]
    _put_to_sleep(stage, scheduler)
    try:
        yield
    finally:
        scheduler.send_signal(signal.SIGCONT)


def _put_to_sleep(stage: Stage, scheduler: "subprocess.Popen[bytes]") -> None:
    """Not while it holds the log's lock: nobody could write until it wakes."""
    locked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
    with psycopg.connect(stage.owner_dsn, autocommit=True) as connection:
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


async def _learn_from_stripe(who: Person, booking: str) -> None:
    """A cancellation asks Stripe first; what it learns ends the quote."""
    quote = await who.on(booking, "cancellation-quote", {})
    with pytest.raises(Refused, match="QUOTE_EXPIRED"):
        await who.on(booking, "cancel", {"quoteId": quote["quoteId"]})


async def _drafts(stage: Stage, who: Person) -> None:
    flight = system.schedule(stage.owner_dsn, seats=2)
    draft = await life.reserved(who, [flight], mode="draft")
    assert (draft["status"], "hold" in draft["availableActions"]) == ("initiated", True)
    assert (await who.on(draft["id"], "hold"))["status"] == "reserved"
    assert (await life.cancelled(who, draft["id"]))[1]["status"] == "cancelled"
    other = await life.reserved(who, [flight], mode="draft")
    assert (await life.cancelled(who, other["id"]))[1]["status"] == "cancelled"


async def _waitlist(stage: Stage, who: Person) -> None:
    flight = system.schedule(stage.owner_dsn, seats=1)
    first = await life.reserved(who, [flight])
    second = await life.reserved(who, [flight], mode="waitlist")
    third = await life.reserved(who, [flight], mode="waitlist")
    assert [second["status"], third["status"]] == ["pending", "pending"]
    with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
        await who.on(third["id"], "checkout")
    await life.cancelled(who, first["id"])
    offered = await life.becomes(who, second["id"], "reserved")
    assert offered["holdUntil"] > first["holdUntil"]
    assert (await who.booking(third["id"]))["status"] == "pending"
    await life.cancelled(who, third["id"])
    await life.pay(who, second["id"])
    await life.becomes(who, second["id"], "confirmed")


async def _paying_from_the_waitlist(stage: Stage, who: Person) -> None:
    flight = system.schedule(stage.owner_dsn, seats=1)
    first = await life.reserved(who, [flight])
    waiting = await life.reserved(who, [flight], mode="waitlist")
    with _nothing_by_itself(stage):
        await life.cancelled(who, first["id"])
        await life.pay(who, waiting["id"], button="decline")
        await _learn_from_stripe(who, waiting["id"])
        assert (await who.booking(waiting["id"]))["status"] == "payment_failed"
        await life.pay(who, waiting["id"])
        assert (await who.booking(waiting["id"]))["status"] == "pending"
        await _learn_from_stripe(who, waiting["id"])
        assert (await who.booking(waiting["id"]))["status"] == "paid"
    await life.becomes(who, waiting["id"], "confirmed")


async def _failed_and_cancelled(stage: Stage, who: Person) -> None:
    flight = system.schedule(stage.owner_dsn, seats=1)
    first = await life.reserved(who, [flight])
    waiting = await life.reserved(who, [flight], mode="waitlist")
    with _nothing_by_itself(stage):
        await life.cancelled(who, first["id"])
        await life.pay(who, waiting["id"], button="decline")
        await _learn_from_stripe(who, waiting["id"])
        assert (await life.cancelled(who, waiting["id"]))[1]["status"] == "cancelled"


async def _paid_and_not_ticketed(stage: Stage, client: httpx.AsyncClient, who: Person) -> None:
    finance = await life.staff(stage, client, "finance")
    flight = system.schedule(stage.owner_dsn, seats=2)
    with _nothing_by_itself(stage):
        abandoned = await life.reserved(who, [flight])
        granted = await life.reserved(who, [flight])
        for booking in (abandoned, granted):
            await life.pay(who, booking["id"])
            await _learn_from_stripe(who, booking["id"])
            assert (await who.booking(booking["id"]))["status"] == "paid"
        quote, cancelled = await life.cancelled(who, abandoned["id"])
        assert (quote["refund"], cancelled["status"]) == (
            abandoned["total"],
            "cancelled",
        )
        await finance.post(
            f"/api/admin/bookings/{granted['id']}/refund", {"reason": "cannot be ticketed"}
        )
    for booking in (abandoned, granted):
        await life.becomes(who, booking["id"], "refunded")
        assert set(system.balances(stage.owner_dsn, booking["id"]).values()) == {0}


async def _after_check_in(stage: Stage, client: httpx.AsyncClient, who: Person) -> None:
    gate = await life.staff(stage, client, "gate")
    operations = await life.staff(stage, client, "ops")
    finance = await life.staff(stage, client, "finance")
    flight = system.schedule(stage.owner_dsn, seats=8, leaves_in=life.SOON)
    cancels, stays_away, off, flies, never = [await life.confirmed(who, [flight]) for _ in range(5)]
    for booking in (cancels, stays_away, off, flies):
        await who.on(booking["id"], "check-in", {})
    await life.cancelled(who, cancels["id"])
    for booking in (off, flies):
        await gate.on(booking["id"], "board", {})
    await gate.on(off["id"], "offload", {"reason": "unwell", "fault": "passenger"})
    await life.shut(stage, operations, flight)
    await life.becomes(who, stays_away["id"], "no_show")
    await life.becomes(who, never["id"], "no_show")
    await life.becomes(who, flies["id"], "completed")
    for booking in (stays_away, flies):
        path = f"/api/admin/bookings/{booking['id']}/refund"
        await finance.post(path, {"reason": "goodwill of the airline"})
        await life.becomes(who, booking["id"], "refunded")


async def test_every_step_of_the_table_is_walked_and_no_other(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    finance = await life.staff(stage, client, "finance")
    await _drafts(stage, who)
    await _waitlist(stage, who)
    await _paying_from_the_waitlist(stage, who)
    await _failed_and_cancelled(stage, who)
    await _paid_and_not_ticketed(stage, client, who)
    await _after_check_in(stage, client, who)
    abandoned = await life.confirmed(who, [system.schedule(stage.owner_dsn, seats=1)])
    await life.cancelled(who, abandoned["id"])
    confirmed = await life.confirmed(who, [system.schedule(stage.owner_dsn, seats=1)])
    await finance.post(f"/api/admin/bookings/{confirmed['id']}/refund", {"reason": "goodwill"})
    await life.becomes(who, confirmed["id"], "refunded")
    allowed = {(before, after) for before, reached in TRANSITIONS.items() for after in reached}
    assert _walked(stage.owner_dsn, confirmed["id"]) == allowed - BY_TIME
    system.assert_invariants(stage.owner_dsn)


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
