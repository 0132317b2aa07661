"""The row of a Stripe event and its effect are one append: both are there, or neither is."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from application import ports
from application.coordination import Lock
from application.payment.process_event import FinishedEvent
from application.payment.record_signed_fact import RecordSignedFact
from application.payment.replay_event import parked_events
from tests.integration.stripe.received_webhooks import Event, Webhooks, receiving_webhooks
from tests.integration.stripe.test_signed_facts import COMPLETED, SUCCEEDED
from tests.support import servers, stored_log
from tests.support.lossy_line import LossyLine, lossy_line
from tests.support.servers import TestDatabase
from tests.support.stripe_simulator import StripeSimulator

CAPTURED = "payment.captured.1"


@pytest.fixture
async def webhooks(database: TestDatabase, simulator: StripeSimulator) -> AsyncIterator[Webhooks]:
    async with receiving_webhooks(database, simulator) as found:
        simulator.pay(found.session)
        yield found


@pytest.fixture
def folder() -> Iterator[Path]:
    with servers.quick_folder() as short:
        yield short


@pytest.fixture
async def broken(
    database: TestDatabase, simulator: StripeSimulator, folder: Path
) -> AsyncIterator[tuple[LossyLine, Webhooks]]:
    """Yield webhooks whose line to the database can break."""
    async with (
        lossy_line(database.app_dsn, folder) as (line, dsn),
        receiving_webhooks(database, simulator, app_dsn=dsn) as found,
    ):
        simulator.pay(found.session)
        yield line, found


def seen(webhooks: Webhooks, event: Event) -> tuple[str | None, int]:
    """Return the state of the event's row and the number of captures, as one snapshot."""
    with psycopg.connect(webhooks.dsn) as connection:
        row = connection.execute(
            "SELECT (SELECT state FROM inbox.stripe_event WHERE id = %s), "
            "(SELECT count(*) FROM ledger.event WHERE stream = %s AND tag = %s)",
            (event["id"], webhooks.payment, CAPTURED),
        ).fetchone()
    assert row is not None
    return row[0], row[1]


async def test_an_append_whose_reply_is_lost_leaves_the_event_done_with_its_effect(
    broken: tuple[LossyLine, Webhooks],
) -> None:
    line, webhooks = broken
    event = webhooks.event(SUCCEEDED)
    line.lose_reply_to(CAPTURED.encode())
    assert await webhooks.deliver(event) == "duplicate", "it was found in the log"
    assert line.lost == 1
    assert seen(webhooks, event) == ("done", 1)
    assert await webhooks.deliver(event) == "duplicate"
    assert seen(webhooks, event) == ("done", 1)


async def test_an_append_that_is_killed_leaves_neither_the_event_nor_its_effect(
    webhooks: Webhooks,
) -> None:
    event = webhooks.event(SUCCEEDED)
    async with await psycopg.AsyncConnection.connect(webhooks.dsn, autocommit=True) as holder:
        await holder.execute("SELECT pg_advisory_lock(%s)", (Lock.LOG_APPEND,))
        delivery = asyncio.create_task(webhooks.deliver(event))
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND wait_event = 'advisory'"
        )
        await asyncio.to_thread(
            stored_log.await_row, webhooks.dsn, waiting, lambda count: count == 1
        )
        assert seen(webhooks, event) == (None, 0), "nothing before the commit"
        cut = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event = 'advisory'"
        )
        await holder.execute(cut)
        # The process dies here: what it would have done after the cut is not done. It may have sent
        # its append again in the moment between.
        delivery.cancel()
        with pytest.raises((asyncio.CancelledError, ports.Unavailable)):
            await delivery
        await holder.execute(cut)
        await asyncio.to_thread(
            stored_log.await_row, webhooks.dsn, waiting, lambda count: count == 0
        )
        await holder.execute("SELECT pg_advisory_unlock(%s)", (Lock.LOG_APPEND,))
    assert seen(webhooks, event) == (None, 0)
    assert await webhooks.deliver(event) == "fresh"
    assert seen(webhooks, event) == ("done", 1)


async def test_an_event_is_not_answered_while_the_database_is_away(webhooks: Webhooks) -> None:
    event = webhooks.event(SUCCEEDED)
    with psycopg.connect(webhooks.dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (Lock.LOG_APPEND,))
        with pytest.raises(ports.Unavailable):
            await webhooks.deliver(event)
        assert seen(webhooks, event) == (None, 0)
    assert await webhooks.deliver(event) == "fresh"
    assert seen(webhooks, event) == ("done", 1)


@pytest.mark.parametrize(
    "change",
    [
        "state = 'new'",
        "state = 'new', due_at = clock_timestamp() + interval '1 hour', waits = 9",
        "state = 'parked', reason = 'ValueError', tries = 10",
        "state = 'ignored', reason = 'unsupported'",
    ],
)
async def test_an_unfinished_row_of_the_event_becomes_done_with_the_effect(
    webhooks: Webhooks, change: str
) -> None:
    event = webhooks.event(SUCCEEDED)
    await webhooks.deliver({**event, "api_version": "2026-11-25.endive"})
    webhooks.change(change)
    await webhooks.deliver(event)
    assert seen(webhooks, event) == ("done", 1)
    assert await parked_events(webhooks.store) == []
    assert await webhooks.work() == []


async def test_a_finished_row_of_the_event_stays_as_it_is(webhooks: Webhooks) -> None:
    event = webhooks.event(SUCCEEDED)
    await webhooks.deliver({**event, "api_version": "2026-11-25.endive"})
    webhooks.change("state = 'ignored', reason = 'NOT_FOUND', finished_at = '2026-01-01'")
    await webhooks.deliver(event)
    assert seen(webhooks, event) == ("ignored", 1)


async def test_a_worker_that_was_still_at_it_changes_no_row_that_is_done(
    webhooks: Webhooks,
) -> None:
    event = webhooks.event(SUCCEEDED)
    await webhooks.deliver({**event, "api_version": "2026-11-25.endive"})
    await webhooks.deliver(event)
    await webhooks.store.finish_all([FinishedEvent(event["id"], "ignored", "NOT_FOUND")])
    await webhooks.store.postpone(event["id"], reason="GatewayTimeout", seconds=1.0)
    await webhooks.store.fail(event["id"], reason="ValueError", seconds=1.0, limit=1)
    assert seen(webhooks, event) == ("done", 1)


async def test_a_capture_that_was_recorded_before_leaves_its_event_done(webhooks: Webhooks) -> None:
    event = webhooks.event(SUCCEEDED)
    twin = {**event, "id": f"{event['id']}2"}
    await webhooks.deliver(event)
    assert await webhooks.deliver(twin) == "fresh"
    assert seen(webhooks, twin) == ("done", 1)
    assert await webhooks.deliver(twin) == "duplicate"


async def test_the_worker_and_the_receiver_record_one_capture_of_one_event(
    webhooks: Webhooks,
) -> None:
    """The worker died between the capture and its note; then Stripe sent the event again."""
    event = webhooks.event(SUCCEEDED)
    await webhooks.deliver({**event, "api_version": "2026-11-25.endive"})
    await webhooks.work()
    webhooks.change("state = 'new', finished_at = NULL")
    assert await webhooks.deliver(event) == "fresh"
    assert seen(webhooks, event) == ("done", 1)


async def test_two_processes_that_receive_one_event_at_once_record_it_once(
    webhooks: Webhooks, database: TestDatabase, simulator: StripeSimulator
) -> None:
    event = webhooks.event(SUCCEEDED)
    async with receiving_webhooks(database, simulator, flight="SV2") as other:
        received = await asyncio.gather(
            *(each.deliver(event) for each in (webhooks, other) for _ in range(5))
        )
    assert received.count("fresh") == 1
    assert set(received) == {"fresh", "duplicate"}
    assert seen(webhooks, event) == ("done", 1)
    assert stored_log.tags(webhooks.dsn, webhooks.booking).count("booking.paid.1") == 1


async def test_a_bug_in_the_short_path_leaves_the_event_to_the_worker(
    webhooks: Webhooks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    event = webhooks.event(SUCCEEDED)

    def fail(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(RecordSignedFact, "decide", fail)
    assert await webhooks.deliver(event) == "fresh"
    assert seen(webhooks, event) == ("new", 0)
    assert "ValueError" in caplog.text
    await webhooks.work()
    assert seen(webhooks, event) == ("done", 1)


async def test_the_body_is_stored_sealed_with_its_key_and_only_once(webhooks: Webhooks) -> None:
    events = [webhooks.event(COMPLETED), webhooks.event(SUCCEEDED), webhooks.event(SUCCEEDED)]
    for event in events:
        await webhooks.deliver(event)
    with psycopg.connect(webhooks.dsn) as connection:
        rows = connection.execute(
            "SELECT e.id, count(k.subject), bool_and(e.finished_at IS NOT NULL) "
            "FROM inbox.stripe_event e LEFT JOIN vault.subject_key k USING (subject) GROUP BY 1"
        ).fetchall()
        total = connection.execute(
            "SELECT count(*) FROM inbox.stripe_event "
            "WHERE position(convert_to('amount', 'UTF8') IN sealed_body) > 0"
        ).fetchone()
    assert sorted(rows) == sorted((event["id"], 1, True) for event in events[:2])
    assert total == (0,)
