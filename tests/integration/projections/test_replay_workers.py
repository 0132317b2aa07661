"""`ais ledger replay --workers`: processes anywhere sum the stretches, with the same result."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infrastructure.archive import stretches, writing
from infrastructure.redis import part_queue
from infrastructure.redis.part_queue import NobodyWorks, PartFailed
from interfaces.cli import replay_worker
from interfaces.cli.replay_worker import summed
from projections import parallel_replay
from tests.integration.ledger.test_exports import require
from tests.integration.projections.airline import Airline

RANGE = 8
ROOT = Path(__file__).parents[3]


def quiet(*_: object) -> None:
    """Show no progress."""


@pytest.fixture
async def sold(airline: Airline, monkeypatch: pytest.MonkeyPatch) -> Airline:
    """Two bookings, in a log of several stretches."""
    require("pyarrow")
    monkeypatch.setattr(parallel_replay, "STRETCH", 10)
    for _ in range(2):
        await airline.sell()
    await airline.catch_up()
    return airline


@pytest.fixture
def empty_queue(valkey_url: str) -> Iterator[str]:
    """The address of Redis, without parts of another test."""
    broker = part_queue._broker(valkey_url)
    broker.flush(part_queue.QUEUE_NAME)
    yield valkey_url
    broker.flush(part_queue.QUEUE_NAME)
    broker.close()


def environment(airline: Airline, redis_url: str) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIS_")},
        "AIS_PROJECTOR_DATABASE_URL": airline.projector_dsn,
        "AIS_REDIS_URL": redis_url,
    }


def started(airline: Airline, redis_url: str, *words: object) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "interfaces.cli.main", "ledger", "replay-worker", *words)
    worker = subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        env=environment(airline, redis_url),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert worker.stderr is not None
    assert worker.stderr.readline() == "ais ledger replay-worker: ready\n"
    return worker


def replayed(airline: Airline, redis_url: str, *words: object) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "interfaces.cli.main", "ledger", "replay", *words)
    return subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env=environment(airline, redis_url),
        capture_output=True,
        text=True,
        check=False,
    )


async def test_workers_over_log_and_archives_give_the_result_of_one_process(
    sold: Airline, tmp_path: Path, empty_queue: str
) -> None:
    with psycopg.connect(sold.database.owner_dsn, autocommit=True) as connection:
        writing.write(connection, tmp_path, positions=RANGE, progress=quiet)
    alone = await asyncio.to_thread(replayed, sold, empty_queue)
    assert alone.returncode == 0, alone.stderr
    folder = ("--archives", tmp_path)
    workers = [started(sold, empty_queue, *folder) for _ in range(2)]
    try:
        found = await asyncio.to_thread(replayed, sold, empty_queue, "--workers", *folder)
    finally:
        for each in workers:
            each.send_signal(signal.SIGTERM)
        ended = [each.wait() for each in workers]
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[1:] == alone.stdout.splitlines()
    assert ended == [0, 0]


async def test_a_part_that_cannot_be_summed_and_a_missing_worker_end_the_replay(
    sold: Airline, tmp_path: Path, empty_queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(sold.database.owner_dsn, autocommit=True) as connection:
        writing.write(connection, tmp_path, positions=RANGE, progress=quiet)
        archives = stretches.of(tmp_path, connection)
    wanted, _ = parallel_replay.cut(sold.projector_dsn, archives)
    worker = started(sold, empty_queue)
    try:
        with pytest.raises(PartFailed, match="positions from 1 are archived"):
            await asyncio.to_thread(list, replay_worker.sums_of_workers(empty_queue, wanted))
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0
    monkeypatch.setattr(part_queue, "PATIENCE_SECONDS", 0.2)
    with pytest.raises(NobodyWorks, match="no worker has done a part"):
        await asyncio.to_thread(list, replay_worker.sums_of_workers(empty_queue, wanted))


async def test_what_the_queue_asks_for_is_checked_by_the_worker(
    sold: Airline, tmp_path: Path
) -> None:
    for part, why in (
        ({"first": 1, "last": "all", "is_archived": False}, "ValidationError"),
        ({"first": 1, "last": 7, "is_archived": True}, "has no archive of positions 1 to 7"),
    ):
        with pytest.raises(PartFailed, match=why):
            await asyncio.to_thread(summed, part, sold.projector_dsn, tmp_path)
    part = {"first": 1, "last": 7, "is_archived": False}
    with pytest.raises(PartFailed, match="database: OperationalError"):
        await asyncio.to_thread(summed, part, "host=/nowhere", tmp_path)
