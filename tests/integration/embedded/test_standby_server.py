"""The standby follows its primary, shows what it has when asked to, and takes over from it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, TimeoutError

import psycopg
import pytest

from infrastructure.embedded.standby_server import set_synchronous
from tests.integration.embedded import rig
from tests.support.standby_server import Pair, quick_pair

COUNT = "SELECT count(*) FROM kept"
KEEP = "INSERT INTO kept DEFAULT VALUES"


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A synchronous pair with an empty table."""
    with quick_pair() as running:
        rig.execute(running.dsn(), "CREATE TABLE kept (number int GENERATED ALWAYS AS IDENTITY)")
        yield running


def test_the_standby_shows_commits_unless_its_replay_is_paused(pair: Pair) -> None:
    pair.standby.await_replay()
    pair.standby.pause_replay()
    rig.execute(pair.dsn(), KEEP)
    assert rig.execute(pair.standby.dsn(), COUNT) == [(0,)]
    pair.standby.resume_replay()
    pair.standby.await_replay()
    assert rig.execute(pair.standby.dsn(), COUNT) == [(1,)]
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        rig.execute(pair.standby.dsn(), KEEP)


def test_a_promoted_standby_has_every_commit_of_a_primary_that_was_killed(pair: Pair) -> None:
    for _ in range(20):
        rig.execute(pair.dsn(), KEEP)
    pair.primary.kill()
    pair.standby.promote()
    assert rig.execute(pair.dsn(), COUNT) == [(20,)]
    rig.execute(pair.dsn(), KEEP)
    assert rig.execute(pair.standby.dsn(), COUNT) == [(21,)]


def test_a_commit_waits_for_its_standby_until_it_is_there_or_no_longer_required(
    pair: Pair,
) -> None:
    pair.standby.stop()
    with ThreadPoolExecutor(2) as clients:
        waiting = clients.submit(rig.execute, pair.primary.dsn(), KEEP)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=1)
        pair.standby.start()
        waiting.result(timeout=rig.PATIENCE_SECONDS)
        pair.standby.stop()
        alone = clients.submit(rig.execute, pair.primary.dsn(), KEEP)
        set_synchronous(pair.primary, "")
        alone.result(timeout=rig.PATIENCE_SECONDS)
    assert rig.execute(pair.primary.dsn(), COUNT) == [(2,)]
