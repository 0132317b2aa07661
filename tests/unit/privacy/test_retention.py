"""How long personal data is kept, and who enforces it."""

import datetime as dt
from typing import Any, get_args

import msgspec
import pytest

from application.privacy.enforce_retention import enforce_retention
from domain.privacy import retention
from domain.privacy.retention import RULES, RetentionRule, Store
from interfaces.worker.timers.registry import TIMERS
from tests.support.memory_use_cases import MemoryUseCases
from tests.unit.privacy.test_open_matters import privacy

BY_PEOPLE = {"nobody", "`ais backup prune`"}


def test_every_store_has_a_rule_with_a_source_and_one_who_enforces_it() -> None:
    assert {rule.store for rule in RULES} == set(get_args(Store))
    timers = {timer.name for timer in TIMERS}
    assert {rule.enforced_by for rule in RULES} - BY_PEOPLE <= timers
    assert all(rule.source for rule in RULES)


def test_a_destroyed_key_comes_back_from_no_backup_after_thirty_days() -> None:
    period = retention.period_of("key_backups", on=dt.date(2026, 12, 1))
    assert period is not None
    assert period <= dt.timedelta(days=30)


def test_the_newest_rule_that_is_in_force_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (
        RetentionRule("outbox", dt.date(year, 1, 1), days, "sending", "law", "nobody")
        for year, days in ((2026, 10), (2028, 20))
    )
    monkeypatch.setattr(retention, "RULES", (new, old))
    assert retention.period_of("outbox", on=dt.date(2025, 12, 31)) is None
    assert retention.period_of("outbox", on=dt.date(2027, 12, 31)) == dt.timedelta(days=10)
    assert retention.period_of("outbox", on=dt.date(2028, 1, 1)) == dt.timedelta(days=20)
    assert retention.period_of("sessions", on=dt.date(2028, 1, 1)) is None


class Stores:
    """So much is due in each store; remembers what was asked."""

    def __init__(self, **due: int) -> None:
        self.due = due
        self.letters_before: dt.datetime | None = None

    def _removed(self, store: str, limit: int) -> int:
        done = min(limit, self.due[store])
        self.due[store] -= done
        return done

    async def remove_bodies(self, *, limit: int) -> int:
        return self._removed("bodies", limit)

    async def remove_messages(self, *, limit: int) -> int:
        return self._removed("messages", limit)

    async def remove_bounces(self, *, limit: int) -> int:
        return self._removed("bounces", limit)

    async def remove_letters_before(self, instant: dt.datetime) -> int:
        self.letters_before = instant
        return 0


async def test_all_that_is_due_goes_page_by_page_and_letters_after_thirty_days() -> None:
    cases = MemoryUseCases()
    stores: Any = Stores(bodies=1_200, messages=500, bounces=700)
    ports = msgspec.structs.replace(privacy(cases), retention=stores, mailbox=stores)
    await enforce_retention(ports)
    assert stores.due == {"bodies": 0, "messages": 0, "bounces": 0}
    assert stores.letters_before == cases.airline.clock() - dt.timedelta(days=30)
