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

BY_PEOPLE = {"nobody", "`ais backup prune`", "`ais rebuild`"}


def test_every_store_has_a_rule_with_a_source_and_one_who_enforces_it() -> None:
    assert {rule.store for rule in RULES} == set(get_args(Store))
    timers = {timer.name for timer in TIMERS}
    assert {rule.enforced_by for rule in RULES} - BY_PEOPLE <= timers
    assert all(rule.source for rule in RULES)


def test_a_destroyed_key_comes_back_from_no_backup_after_thirty_days() -> None:
    period = retention.period_of("key_backups", on=dt.date(2026, 12, 1))
    assert period is not None
    assert period <= dt.timedelta(days=30)


def test_a_period_may_be_chosen_only_where_a_rule_has_one_and_the_usual_one_is_within_bounds() -> (
    None
):
    for rule in RULES:
        assert (rule.least_days is None) == (rule.most_days is None)
        if rule.least_days is not None and rule.most_days is not None:
            assert rule.days is not None
            assert rule.least_days <= rule.days <= rule.most_days
    # A dispute's evidence outlives what is kept of ordinary webhooks.
    bodies, parked = (
        retention.rule_of(store, on=dt.date(2026, 12, 1))
        for store in ("stripe_event_bodies", "parked_stripe_event_bodies")
    )
    assert bodies is not None
    assert parked is not None
    assert parked.least_days is not None
    assert bodies.most_days is not None
    assert bodies.most_days <= parked.least_days


def test_the_chosen_period_counts_but_gives_none_to_what_stays() -> None:
    today, chosen = dt.date(2026, 12, 1), {"outbox": 14, "idempotency_answers": 3}
    assert retention.period_of("outbox", on=today, chosen=chosen) == dt.timedelta(days=14)
    assert retention.period_of("sessions", on=today, chosen=chosen) == dt.timedelta(days=90)
    assert retention.period_of("idempotency_answers", on=today, chosen=chosen) is None


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
        self.chosen: dict[str, int] = {}

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

    async def remove_flight_tasks(self, *, limit: int) -> int:
        return self._removed("flight_tasks", limit)

    async def remove_texts(self, *, limit: int) -> int:
        return self._removed("texts", limit)

    async def chosen_days(self) -> dict[str, int]:
        return self.chosen

    async def remove_letters_before(self, instant: dt.datetime) -> int:
        self.letters_before = instant
        return 0


async def test_all_that_is_due_goes_page_by_page_and_letters_after_thirty_days() -> None:
    cases = MemoryUseCases()
    stores: Any = Stores(bodies=1_200, messages=500, bounces=700, flight_tasks=501, texts=502)
    ports = msgspec.structs.replace(privacy(cases), retention=stores, mailbox=stores)
    await enforce_retention(ports)
    assert set(stores.due.values()) == {0}
    assert stores.letters_before == cases.airline.clock() - dt.timedelta(days=30)
    stores.chosen = {"mail_files": 7}
    await enforce_retention(ports)
    assert stores.letters_before == cases.airline.clock() - dt.timedelta(days=7)
