"""Every event type in every form that its type allows: read models, rebuild, replay, checkers."""

import asyncio

import pytest

from application.commands import stream_kinds
from projections import checking, progress, rebuild, replay
from projections.ledger_journal import queries
from projections.ledger_journal.projector import is_money_event
from projections.registry import ALL
from tests.integration.projections.airline import Airline
from tests.support import event_samples


@pytest.fixture
async def filled(airline: Airline) -> Airline:
    """Append one stream for each sample: the events before it, then the sample."""
    await airline.append_every_form()
    await airline.catch_up()
    return airline


def test_the_samples_cover_every_event_type_and_each_optional_entry() -> None:
    samples = event_samples.all_samples()
    assert {type(sample) for sample in samples} == set(stream_kinds.EVENT_TYPES.values())
    without = {
        type(sample).__name__
        for sample in samples
        if is_money_event(type(sample)) and getattr(sample, "entry", None) is None
    }
    assert without == {
        "BookingCancelled",
        "BookingDivided",
        "BookingDividedOff",
        "CouponsCancelled",
        "ModificationCompleted",
        "CouponsFlown",
        "PassengersMissed",
        "DepartureWithdrawn",
        "TransactionRecorded",
        "PayoutCreated",
        "PayoutPaid",
        "PayoutFailed",
        "CouponsVoided",
        "DisputeLost",
        "CreditChargedBack",
        "CreditReinstated",
        "ClaimAssessed",
        "ClaimWithdrawn",
    }


async def test_every_read_model_applies_every_form_and_agrees_with_the_log(
    filled: Airline,
) -> None:
    [(head,)] = filled.query("SELECT max(position) FROM ledger.event")
    assert filled.query("SELECT projection, stream, tag, cause FROM projections.parked_event") == []
    found = {each.projection: each for each in await progress.progress_of_all(filled.pool)}
    assert {name: (each.position, each.state) for name, each in found.items()} == dict.fromkeys(
        ALL, (head, "up")
    )
    differences = await asyncio.to_thread(checking.check_all, filled.projector_dsn)
    assert differences == {name: [] for name in ALL}


async def test_a_rebuild_of_each_read_model_applies_every_form(filled: Airline) -> None:
    for name in sorted(ALL):
        rebuilt = await asyncio.to_thread(
            rebuild.rebuild, filled.projector_dsn, name, lambda _done, _end: None
        )
        assert rebuilt.generation == 2
    assert filled.query("SELECT projection, tag, cause FROM projections.parked_event") == []


async def test_a_replay_reads_every_form(filled: Airline) -> None:
    replayed = await asyncio.to_thread(
        replay.replay, filled.projector_dsn, lambda _done, _end: None
    )
    assert replayed.trial_balance == await queries.trial_balance(filled.pool)
    entries = filled.query("SELECT count(DISTINCT position) FROM ledger.posting")
    assert entries == [(replayed.money_events,)]
