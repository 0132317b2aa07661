"""Requests to timers where no scheduler hears them, and what a scheduler takes from the channel."""

import datetime as dt

import psycopg
import pytest

from application.coordination import Lock
from application.ports import Unavailable
from infrastructure.postgres import timer_requests
from infrastructure.postgres.timer_requests import TimerRequest, TimerState
from interfaces.cli import timers as command
from interfaces.worker.timers.registry import TIMERS
from tests.support.servers import TestDatabase

NAME = TIMERS[0].name


def test_where_no_scheduler_leads_the_command_fails_and_names_the_runbook(
    database: TestDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run(NAME, dsn=database.app_dsn) == 1
    assert capsys.readouterr().err == f"ais timers: no scheduler leads; see {command.RUNBOOK}\n"
    assert command.listed(dsn=database.app_dsn) == 1
    printed = capsys.readouterr()
    assert all(f"\n{each.name} " in printed.out for each in TIMERS)
    assert "no scheduler leads" in printed.err


def test_a_scheduler_that_leads_and_does_not_answer_is_unavailable(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timer_requests, "TRY_SECONDS", 0.05)
    with psycopg.connect(database.app_dsn, autocommit=True) as hanging:
        hanging.execute("SELECT pg_advisory_lock(%s)", (int(Lock.SCHEDULER_LEADER),))
        with pytest.raises(Unavailable, match="does not answer"):
            timer_requests.ask(database.app_dsn, NAME)


@pytest.mark.parametrize(
    "payload",
    ["", "{}", '["id"]', "[1, 2]", '["id", 7]', "\ud800", f'["{"x" * 65}", null]'],
)
def test_what_is_no_request_is_passed_over(payload: str) -> None:
    assert timer_requests.read_request(payload) is None


def test_the_answer_about_all_timers_fits_into_a_notice() -> None:
    at = dt.datetime(2026, 11, 28, 5, 16, 11, 123_456, tzinfo=dt.UTC)
    states = [TimerState(each.name, at, at, 1_000_000, waits=False) for each in TIMERS]
    assert len(timer_requests.encoded_answer(TimerRequest("\0" * 64, None), states)) < 7_000
