"""The replay: the books are the sum of the log, and an invalid log is refused."""

import asyncio

import msgspec
import pytest

from projections import generations, replay
from projections.ledger_journal import queries
from projections.projection import UnknownTag
from tests.integration.projections.airline import Airline


async def _replay(airline: Airline, reports: list[tuple[int, int]]) -> replay.Replayed:
    return await asyncio.to_thread(
        replay.replay,
        airline.projector_dsn,
        lambda done, end: reports.append((done, end)),
    )


async def test_the_replayed_trial_balance_is_the_live_one_byte_for_byte(
    airline: Airline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await airline.sell()
    await airline.pay(await airline.reserve(), surplus=7)
    await airline.catch_up()
    monkeypatch.setattr(replay, "STRETCH", 10)
    reports: list[tuple[int, int]] = []
    replayed = await _replay(airline, reports)
    [(head,)] = airline.query("SELECT max(position) FROM ledger.event")
    assert replayed.position == head
    assert replayed.money_events == 7
    assert replayed.trial_balance == await queries.trial_balance(airline.pool)
    assert len(reports) > 1
    assert reports[-1] == (head, head)
    with generations.connect(airline.projector_dsn) as connection:
        assert replay.live_trial_balance(connection) == replayed.trial_balance


async def test_an_empty_set_of_books_replays_to_nothing(airline: Airline) -> None:
    assert (await _replay(airline, [])).trial_balance == b"[]"


async def test_a_replay_refuses_unknown_events_and_entries_that_do_not_balance(
    airline: Airline,
) -> None:
    unbalanced = (
        b'{"entry":{"effective_on":"2026-11-24","rule":"r","version":1,"references":[],'
        b'"postings":[{"account":"1010","booking":"b","amount":1,"currency":"SAR"}]}}'
    )
    for tag, error, words in (
        ("payment.captured.1", msgspec.ValidationError, "rule r: {'SAR': 1}"),
        ("no.such.1", UnknownTag, r"no\.such\.1"),
    ):
        airline.query(
            "INSERT INTO ledger.event SELECT max(position) + 1, %s, 1, %s, clock_timestamp(), "
            "'a', gen_random_uuid(), 'c', NULL, %s FROM ledger.event",
            *(f"payment-{tag}", tag, unbalanced),
        )
        with pytest.raises(error, match=words):
            await _replay(airline, [])
        airline.query("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
        airline.query("DELETE FROM ledger.event WHERE stream = %s", f"payment-{tag}")
