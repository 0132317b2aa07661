"""Checkouts that wait for Stripe for longer than it opens their session: on a real log and the
Stripe simulator, whose clocks a test moves together.
"""

import asyncio
import datetime as dt
import types
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import psycopg
import pytest

from application.payment.gateway import GatewayFailure
from domain.booking.states import Status
from domain.payment.state import AttemptStatus
from interfaces.composition import Core
from interfaces.worker.timers import complete_unfinished_attempts as completer
from tests.integration.timers.test_lapsed_holds import HOLD, Rig, reserved
from tests.support.airline import attempt_of, payment_of
from tests.support.launch_rules import EXTENSION, LONGEST_EXTENSION
from tests.support.servers import TestDatabase
from tests.support.stripe_simulator import StripeSimulator

SESSIONS = "/v1/checkout/sessions"
FOR_EVER = 10**6
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def simulator() -> Iterator[StripeSimulator]:
    """A simulator of each test's own, because its clock never goes back."""
    with StripeSimulator() as found:
        yield found


@pytest.fixture
async def held(database: TestDatabase, simulator: StripeSimulator) -> AsyncIterator[Rig]:
    async with reserved(database, simulator.url, simulator.api_key) as found:
        yield found


def wait(held: Rig, simulator: StripeSimulator, minutes: int) -> None:
    """Let time pass here and at Stripe."""
    held.clock.ahead += minutes * MINUTE
    simulator.advance(minutes * 60)


async def complete(held: Rig) -> None:
    """Complete the first attempt as the timer does."""
    core = types.SimpleNamespace(
        collector=held.collector, bus=held.process.dispatcher, clock=held.clock
    )
    task = completer.CompleteAttempt(payment_of(held.booking), attempt_of(held.booking))
    await completer.complete(cast(Core, core), task)


async def stay_away(held: Rig, simulator: StripeSimulator, minutes: int) -> None:
    """Stripe does not answer for so long, and the timer asks it each nine minutes."""
    simulator.fault("lost_before", path="/v1/*", times=FOR_EVER)
    with pytest.raises(GatewayFailure):
        await held.checkout()
    for step in [*[9] * (minutes // 9), minutes % 9]:
        wait(held, simulator, step)
        with pytest.raises(GatewayFailure):
            await complete(held)
    simulator.control("faults", "DELETE")


def letters(database: TestDatabase) -> list[str]:
    """The topics of what was written to the traveller."""
    with psycopg.connect(database.owner_dsn) as connection:
        rows = connection.execute(
            "SELECT topic FROM ledger.outbox "
            "WHERE topic IN ('payment_delayed', 'mail.payment_lapsed') ORDER BY topic"
        ).fetchall()
    return [row[0] for row in rows]


def opened_sessions(simulator: StripeSimulator) -> int:
    """The number of sessions that Stripe has opened; a replay opens none."""
    posts = [each for each in simulator.requests() if each["method"] == "POST"]
    return len(
        [
            each
            for each in posts
            if each["path"] == SESSIONS and each["status"] == 200 and not each["replayed"]
        ]
    )


async def statuses(held: Rig) -> list[str]:
    return [each.status.value for each in (await held.payment()).attempts]


async def pay(held: Rig, simulator: StripeSimulator) -> None:
    """Pay the session that is open, which is one, and let it be recorded."""
    (live,) = (await held.payment()).live_attempts()
    assert live.session is not None
    assert simulator.pay(live.session).status_code == 303
    await held.collector.learn_session(live.session, cause=_cause())
    assert (await held.state()).status is Status.PAID
    assert len((await held.payment()).captures) == 1


def _cause() -> Any:
    return completer.cause_of("payment", "test", actor="test")


async def test_after_an_outage_of_two_hours_the_checkout_is_open_and_its_seats_are_held(
    held: Rig, simulator: StripeSimulator, database: TestDatabase
) -> None:
    made_until = (await held.state()).hold_until
    assert made_until is not None
    await stay_away(held, simulator, minutes=118)
    assert await statuses(held) == ["unknown"]
    await complete(held)
    assert await statuses(held) == ["refused", "open"]
    first, second = (await held.payment()).attempts
    assert first.idempotency_key != second.idempotency_key
    assert second.expires_at > held.clock() + EXTENSION
    booking = await held.state()
    assert (booking.status, booking.hold_until) == (
        Status.RESERVED,
        made_until + LONGEST_EXTENSION,
    )
    assert await held.free_seats() == 2
    assert letters(database) == ["payment_delayed"]
    await complete(held)
    assert opened_sessions(simulator) == 1
    await pay(held, simulator)


async def test_after_an_outage_beyond_the_limit_the_booking_lapses_and_its_traveller_gets_a_letter(
    held: Rig, simulator: StripeSimulator, database: TestDatabase
) -> None:
    await stay_away(held, simulator, minutes=130)
    with pytest.raises(GatewayFailure):
        simulator.fault("lost_before", path="/v1/*")
        await held.release()
    await complete(held)
    assert await statuses(held) == ["refused"]
    await held.release()
    assert (await held.state()).status is Status.EXPIRED
    assert await held.free_seats() == 3
    assert letters(database) == ["mail.payment_lapsed"]
    assert opened_sessions(simulator) == 0


async def test_an_outage_beyond_all_patience_ends_the_same_way(
    held: Rig, simulator: StripeSimulator, database: TestDatabase
) -> None:
    await stay_away(held, simulator, minutes=185)
    simulator.fault("lost_before", path="/v1/*", times=FOR_EVER)
    await held.release()
    assert (await held.state()).status is Status.EXPIRED
    assert letters(database) == ["mail.payment_lapsed"]
    simulator.control("faults", "DELETE")
    await complete(held)
    assert await statuses(held) == ["refused"]
    assert opened_sessions(simulator) == 0


async def test_an_outage_that_ends_while_the_retry_is_under_way_opens_one_session(
    held: Rig, simulator: StripeSimulator, database: TestDatabase
) -> None:
    await stay_away(held, simulator, minutes=40)
    simulator.fault("slow", path=SESSIONS, method="POST", seconds=1.0)
    tries = [complete(held), held.checkout(), complete(held)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    failed = [each for each in results if isinstance(each, BaseException)]
    assert [each for each in failed if not isinstance(each, GatewayFailure)] == []
    await complete(held)
    assert await statuses(held) == ["refused", "open"]
    assert opened_sessions(simulator) == 1
    assert letters(database) == ["payment_delayed"]
    await pay(held, simulator)


@pytest.mark.parametrize("minutes", [40, 50, 70])
async def test_a_session_whose_answer_was_lost_is_never_payable_beside_another(
    held: Rig, simulator: StripeSimulator, database: TestDatabase, minutes: int
) -> None:
    """It has 20 minutes left and is used; it has 10 and is expired first; or it is over."""
    simulator.fault("lost", path=SESSIONS, method="POST")
    with pytest.raises(GatewayFailure):
        await held.checkout()
    simulator.fault("lost_before", path="/v1/*", times=FOR_EVER)
    for step in (10, 10, 10, minutes - 30):
        wait(held, simulator, step)
        with pytest.raises(GatewayFailure):
            await complete(held)
    simulator.control("faults", "DELETE")
    simulator.fault("lost_before", path=f"{SESSIONS}/*/expire")
    if minutes == 50:
        with pytest.raises(GatewayFailure):
            await complete(held)
        assert (await statuses(held), opened_sessions(simulator)) == (["expired", "unknown"], 1)
    simulator.control("faults", "DELETE")
    await complete(held)
    attempts = (await held.payment()).attempts
    if minutes == 40:
        assert [each.status for each in attempts] == [AttemptStatus.OPEN]
    else:
        assert [each.status.value for each in attempts] == ["expired", "open"]
        assert attempts[0].session is not None
        assert simulator.pay(attempts[0].session).status_code == 410
    assert (await held.state()).hold_until >= held.clock() + HOLD - MINUTE
    assert letters(database) == ["payment_delayed"]
    await pay(held, simulator)


async def test_a_lost_session_leads_to_the_same_letter_when_the_outage_is_beyond_the_limit(
    held: Rig, simulator: StripeSimulator, database: TestDatabase
) -> None:
    simulator.fault("lost", path=SESSIONS, method="POST")
    await stay_away(held, simulator, minutes=130)
    await complete(held)
    await held.release()
    assert (await held.state()).status is Status.EXPIRED
    assert letters(database) == ["mail.payment_lapsed"]
    assert opened_sessions(simulator) == 1
    assert await statuses(held) == ["expired"]
