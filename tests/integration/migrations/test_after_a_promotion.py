"""`ais migrate` after a failover whose old primary came back."""

import psycopg
import pytest

from interfaces.cli.migrate import migrate
from tests.support.standby_server import quick_pair


def test_a_primary_that_was_left_is_not_migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    with quick_pair(synchronous=False) as pair:
        pair.standby.promote()
        # There the next run would fail, because what the migrations make exists.
        with psycopg.connect(pair.primary.dsn()) as left:
            left.execute("DELETE FROM public.schema_migration")
        monkeypatch.setenv("AIS_ADMIN_DATABASE_URL", pair.primary.dsn())
        assert migrate() == 1
        monkeypatch.setenv("AIS_ADMIN_DATABASE_URL", pair.dsn())
        assert migrate() == 0
