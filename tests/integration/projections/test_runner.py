"""The runner: exactly once under crashes, one leader, poison, and the causes of a stop."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from unittest import mock

import msgspec
import psycopg
import pytest

from application.commands import stream_kinds
from application.payment import record_refund
from projections import checking, generations, progress, rebuild, runner
from projections.booking_list.projector import PROJECTION as BOOKING_LIST
from projections.generation_writer import CheckpointMoved, GenerationWriter
from projections.ledger_journal.projector import PROJECTION as LEDGER_JOURNAL
from projections.projection import (
    CheckpointAhead,
    Cursor,
    LoggedEvent,
    PoisonousEvent,
    Projection,
    ProjectionStopped,
    UnknownTag,
)
from projections.registry import ALL
from tests.integration.projections.airline import Airline, dump

SECONDS = 60.0
Apply = Callable[[Cursor, Sequence[LoggedEvent]], None]


class Running:
    """A runner in a thread; `error` is the error that stopped it."""

    def __init__(self, dsn: str, projection: Projection) -> None:
        self.stop = threading.Event()
        self.error: ProjectionStopped | None = None
        self._thread = threading.Thread(target=self._run, args=(dsn, projection))
        self._thread.start()

    def _run(self, dsn: str, projection: Projection) -> None:
        try:
            runner.run_projection(dsn, projection, self.stop)
        except ProjectionStopped as error:
            self.error = error

    def end(self) -> None:
        """Stop the runner and wait for its end."""
        self.stop.set()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()


async def _state(airline: Airline, name: str, wanted: str) -> progress.Progress:
    async with asyncio.timeout(SECONDS):
        while True:
            found = await progress.progress_of(airline.pool, name)
            if found.state == wanted:
                return found
            await asyncio.sleep(0.02)


@contextmanager
def running(airline: Airline, *projections: Projection):
    started = [Running(airline.projector_dsn, projection) for projection in projections]
    try:
        yield started
    finally:
        for one in started:
            one.end()


def _with(projection: Projection, apply: Apply) -> Projection:
    return msgspec.structs.replace(projection, apply=apply)


def _raising(projection: Projection, stream: str, version: int = 2) -> Projection:
    """Return a projection that fails at this version of a stream."""

    def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
        projection.apply(cursor, events)
        if any(event.stream == stream and event.version == version for event in events):
            raise KeyError("a bug in the projector")

    return _with(projection, apply)


def _append_raw(airline: Airline, stream: str, version: int, tag: str, payload: bytes) -> int:
    [(position,)] = airline.query(
        "INSERT INTO ledger.event SELECT max(position) + 1, %s, %s, %s, clock_timestamp(), "
        "'attacker', gen_random_uuid(), 'c', NULL, %s FROM ledger.event RETURNING position",
        *(stream, version, tag, payload),
    )
    return int(position)


async def _reached(airline: Airline, name: str) -> None:
    [(head,)] = airline.query("SELECT max(position) FROM ledger.event")
    await progress.wait_until(airline.pool, name, head, timeout_seconds=SECONDS)


async def _differences(airline: Airline, name: str) -> list[str]:
    return await asyncio.to_thread(checking.check, airline.projector_dsn, name)


@pytest.mark.parametrize("name", sorted(ALL))
async def test_a_crash_between_rows_and_checkpoint_loses_and_doubles_nothing(
    airline: Airline, name: str
) -> None:
    await airline.refund(await airline.sell())
    await airline.checkout(await airline.reserve())
    await airline.append_every_form()
    crashed = threading.Event()

    def apply_and_lose_the_connection(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
        ALL[name].apply(cursor, events)
        if not crashed.is_set():
            crashed.set()
            airline.query("SELECT pg_terminate_backend(%s)", cursor.connection.info.backend_pid)

    with running(airline, _with(ALL[name], apply_and_lose_the_connection)):
        await _reached(airline, name)
    assert crashed.is_set()
    assert await _differences(airline, name) == []


async def test_a_second_runner_waits_and_takes_over_when_the_first_ends(
    airline: Airline,
) -> None:
    worked: list[str] = []

    def counting(who: str) -> Projection:
        def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
            worked.append(who)
            LEDGER_JOURNAL.apply(cursor, events)

        return _with(LEDGER_JOURNAL, apply)

    with running(airline, counting("first")) as [first]:
        await airline.sell()
        await _reached(airline, "ledger_journal")
        with running(airline, counting("second")):
            await airline.sell()
            await _reached(airline, "ledger_journal")
            assert set(worked) == {"first"}
            first.end()
            await airline.sell()
            await _reached(airline, "ledger_journal")
            assert worked[-1] == "second"
    assert await _differences(airline, "ledger_journal") == []


async def test_even_without_the_leaders_lock_the_checkpoint_moves_only_once(
    airline: Airline,
) -> None:
    await airline.sell()
    with generations.connect(airline.projector_dsn) as connection:
        first = GenerationWriter(connection, LEDGER_JOURNAL, 1)
        second = GenerationWriter(connection, LEDGER_JOURNAL, 1)
        with connection.transaction(), connection.cursor() as cursor:
            first.step(cursor)
        with (
            pytest.raises(CheckpointMoved),
            connection.transaction(),
            connection.cursor() as cursor,
        ):
            second.step(cursor)
    assert await _differences(airline, "ledger_journal") == []


async def test_a_new_event_wakes_the_runner_and_a_cut_connection_is_opened_again(
    airline: Airline,
) -> None:
    with running(airline, BOOKING_LIST):
        await airline.reserve()
        await _reached(airline, "booking_list")
        airline.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'ais projector' AND datname = current_database()"
        )
        await airline.reserve()
        await _reached(airline, "booking_list")
    assert await _differences(airline, "booking_list") == []


async def test_a_poisonous_event_and_its_stream_are_parked_and_others_continue(
    airline: Airline,
) -> None:
    before, sick, after = [await airline.sell() for _ in range(3)]
    projection = _raising(BOOKING_LIST, sick)
    await airline.catch_up([projection])
    await airline.sell()
    late = _append_raw(airline, sick, 5, "booking.expired.1", b'{"reason":"late"}')
    await airline.catch_up([projection])
    parked = airline.query("SELECT stream, tag, cause FROM projections.parked_event ORDER BY 1, 2")
    assert {stream for stream, _, _ in parked} == {sick}
    causes = {tag: cause for _, tag, cause in parked}
    assert causes.keys() == {
        "booking.reserved.1",
        "booking.paid.1",
        "booking.confirmed.1",
        "booking.expired.1",
    }
    assert causes["booking.reserved.1"] == "KeyError: 'a bug in the projector'"
    assert causes["booking.expired.1"].startswith("behind ")
    listed = dict(airline.query("SELECT booking, status FROM read_model.booking_list"))
    assert listed[sick] == "initiated"
    assert listed[before] == listed[after] == "confirmed"
    assert len(listed) == 4
    assert await _differences(airline, "booking_list") == []
    lags = {lag.projection: lag for lag in await progress.progress_of_all(airline.pool)}
    assert (lags["booking_list"].position, lags["booking_list"].parked) == (late, 4)


async def test_bytes_that_do_not_decode_are_parked_with_the_reason(airline: Airline) -> None:
    booking = await airline.reserve()
    _append_raw(airline, booking, 3, "booking.paid.1", b'{"payment":1}')
    await airline.catch_up([BOOKING_LIST])
    [(cause,)] = airline.query("SELECT cause FROM projections.parked_event")
    assert cause.startswith("ValidationError: Expected `str`")
    assert await _differences(airline, "booking_list") == []


async def test_a_ledger_read_model_stops_at_poison_and_keeps_the_events_before_it(
    airline: Airline,
) -> None:
    await airline.sell()
    await airline.catch_up([LEDGER_JOURNAL])
    unbalanced = (
        b'{"attempt":"a","intent":"pi","charge":"ch","amount":{"amount":1,"currency":"SAR"},'
        b'"entry":{"effective_on":"2026-11-24","rule":"capture","version":1,"references":[],'
        b'"postings":[{"account":"1010","booking":"b","amount":1,"currency":"SAR"}]}}'
    )
    position = _append_raw(airline, "payment-EVIL22-1", 1, "payment.captured.1", unbalanced)
    with pytest.raises(PoisonousEvent, match=f"position {position}: .*SAR"):
        await airline.catch_up([LEDGER_JOURNAL])
    assert airline.query("SELECT * FROM projections.parked_event") == []
    assert await _differences(airline, "ledger_journal") == []


@pytest.mark.parametrize("name", sorted(ALL))
async def test_an_unknown_event_stops_the_read_model_after_all_before_it(
    airline: Airline, name: str
) -> None:
    await airline.sell()
    assert "booking.teleported.1" not in stream_kinds.EVENT_TYPES
    position = _append_raw(airline, "booking-ABC234", 1, "booking.teleported.1", b"{}")
    await airline.sell()
    with pytest.raises(UnknownTag, match=rf"booking\.teleported\.1 at position {position}"):
        await airline.catch_up([ALL[name]])
    [(reached,)] = airline.query(
        "SELECT position FROM projections.checkpoint WHERE projection = %s", name
    )
    assert reached == position - 1
    assert await _differences(airline, name) == []


async def test_a_checkpoint_ahead_of_the_log_is_refused(airline: Airline) -> None:
    airline.query("UPDATE projections.checkpoint SET position = 1000")
    with running(airline, BOOKING_LIST) as [one]:
        await asyncio.to_thread(one._thread.join, SECONDS)
        assert isinstance(one.error, CheckpointAhead)


async def test_one_stopped_read_model_does_not_stop_the_others(airline: Airline) -> None:
    airline.query(
        "UPDATE projections.checkpoint SET position = 1000 WHERE projection = 'ledger_journal'"
    )
    stop = threading.Event()
    everything = asyncio.create_task(asyncio.to_thread(runner.run_all, airline.projector_dsn, stop))
    try:
        await airline.sell()
        for name in sorted(ALL.keys() - {"ledger_journal"}):
            await _reached(airline, name)
    finally:
        stop.set()
        stopped = await everything
    assert {name: type(error) for name, error in stopped.items()} == {
        "ledger_journal": CheckpointAhead
    }
    states = {each.projection: each.state for each in await progress.progress_of_all(airline.pool)}
    assert states == {**dict.fromkeys(ALL, "up"), "ledger_journal": "stopped"}


async def test_a_stop_is_recorded_and_cleared_by_the_next_start_that_succeeds(
    airline: Airline,
) -> None:
    sick = await airline.sell()
    everything = threading.Event()
    with mock.patch.object(
        runner,
        "ALL",
        {"ledger_journal": _raising(LEDGER_JOURNAL, sick, 4), "booking_list": BOOKING_LIST},
    ):
        run = asyncio.create_task(
            asyncio.to_thread(runner.run_all, airline.projector_dsn, everything)
        )
        try:
            stopped = await _state(airline, "ledger_journal", "stopped")
        finally:
            everything.set()
            await run
    assert stopped.stopped_cause is not None
    assert stopped.stopped_cause.startswith("PoisonousEvent: ")
    with running(airline, LEDGER_JOURNAL):
        healed = await _state(airline, "ledger_journal", "up")
    [(head,)] = airline.query("SELECT max(position) FROM ledger.event")
    assert (healed.position, healed.stopped_cause) == (head, None)
    assert await _differences(airline, "ledger_journal") == []


async def test_a_read_model_without_a_runner_is_stalled(airline: Airline) -> None:
    await airline.catch_up()
    before = await progress.progress_of(airline.pool, "booking_list")
    assert (before.lag_seconds, before.state) == (0, "up")
    await airline.reserve()
    airline.query("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
    airline.query(
        "UPDATE ledger.event SET recorded_at = clock_timestamp() - interval '1 hour' "
        "WHERE position > %s",
        before.position,
    )
    after = await progress.progress_of(airline.pool, "booking_list")
    assert after.lag_seconds > progress.STALLED_SECONDS
    assert after.state == "stalled"


@pytest.mark.parametrize("name", sorted(ALL))
async def test_the_rows_are_the_same_however_the_log_is_divided(
    airline: Airline, name: str
) -> None:
    for _ in range(3):
        await airline.refund(await airline.sell())
    payment, refund = await airline.refund(await airline.sell(), obligation="goodwill")
    await airline.record_refund(payment, refund, record_refund.Accepted("re_1"))
    await airline.lapse(await airline.reserve())
    await airline.checkout(await airline.reserve())
    await airline.pay(await airline.reserve(), signed=True)
    await airline.append_every_form()
    await airline.catch_up([ALL[name]])
    with generations.connect(airline.projector_dsn) as connection:
        with connection.transaction(), connection.cursor() as cursor:
            generations.create(cursor, ALL[name], 2)
        writer = GenerationWriter(connection, ALL[name], 2, limit=1)
        while True:
            with connection.transaction(), connection.cursor() as cursor:
                step = writer.step(cursor)
            writer.commit(step)
            if step.upto == step.head:
                break
    whole = dump(airline.database, generations.schema_of(name, 1))
    assert dump(airline.database, generations.schema_of(name, 2)) == whole
    assert any(whole.values())


async def test_the_projectors_role_cannot_change_the_log_or_other_schemas(airline: Airline) -> None:
    attacks = {
        "UPDATE ledger.event SET actor = 'x'": psycopg.errors.InsufficientPrivilege,
        "DELETE FROM ledger.posting": psycopg.errors.InsufficientPrivilege,
        "SELECT * FROM vault.subject_key": psycopg.errors.InsufficientPrivilege,
        "CREATE SCHEMA mine": psycopg.errors.InsufficientPrivilege,
        "SELECT projections.drop_generation_schema('ledger')": psycopg.Error,
        "SELECT projections.make_generation_schema('public')": psycopg.Error,
    }
    for attack, error in attacks.items():
        with generations.connect(airline.projector_dsn) as connection, pytest.raises(error):
            connection.execute(attack.encode())


async def test_a_stop_reported_after_another_runner_took_over_is_not_kept(
    airline: Airline,
) -> None:
    with running(airline, LEDGER_JOURNAL):
        await airline.sell()
        await _reached(airline, "ledger_journal")
        late = RuntimeError("of the runner that led before")
        await asyncio.to_thread(runner.record_stop, airline.projector_dsn, "ledger_journal", late)
        found = await progress.progress_of(airline.pool, "ledger_journal")
        assert found.state == "up"


async def test_a_rebuild_does_not_hide_that_a_read_model_stopped(
    airline: Airline,
) -> None:
    await airline.sell()
    await airline.catch_up()
    runner.record_stop(airline.projector_dsn, "ledger_journal", RuntimeError("poison"))
    await asyncio.to_thread(
        rebuild.rebuild, airline.projector_dsn, "ledger_journal", lambda _done, _end: None
    )
    assert (await progress.progress_of(airline.pool, "ledger_journal")).state == "stopped"
    runner.catch_up(airline.projector_dsn, LEDGER_JOURNAL)
    assert (await progress.progress_of(airline.pool, "ledger_journal")).state == "up"
