"""A day with a sale and a payout is reconciled through the whole system."""

import asyncio
import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.kernel.entries import accounting_day
from interfaces.worker.timers import follow_payouts, sweep_balance_transactions
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import Hurried, System

PATH = "/api/admin/reconciliation"


@pytest.fixture(scope="module")
def fresh() -> Iterator[System]:
    """A system of its own: what other tests do at Stripe by hand are real breaks."""
    with running_system.running_system() as ready:
        yield ready


@pytest.fixture
def system(fresh: System) -> System:
    """The fresh one."""
    return fresh


async def test_a_run_over_a_sale_and_a_payout_is_explained_and_a_second_adds_nothing(
    system: System,
    client: httpx.AsyncClient,
    customer: Customer,
    hurried_timers: Hurried,
) -> None:
    finance = await customers.staff(system, client, "finance")
    began_on = accounting_day(dt.datetime.now(dt.UTC))
    await customer.confirmed([running_system.schedule(system, seats=1, fare=50_000)])
    await asyncio.to_thread(running_system.await_rest, system)
    running_system.control(system, "funds")
    running_system.control(system, "payouts", currency="sar")
    await asyncio.to_thread(running_system.await_rest, system)
    ended_on = accounting_day(dt.datetime.now(dt.UTC))
    first_day = began_on - dt.timedelta(days=1)
    asked_for = [
        (first_day + dt.timedelta(days=day)).isoformat()
        for day in range((ended_on - first_day).days + 1)
    ]
    days = {"from": asked_for[0], "to": asked_for[-1]}

    async def run() -> dict[str, Any]:
        return await finance.call("POST", f"{PATH}/runs", days)

    end = time.monotonic() + 2 * stored_log.WAIT_SECONDS
    with hurried_timers(sweep_balance_transactions.TIMER, follow_payouts.TIMER):
        first = await run()
        while any(each["openCount"] for each in first["days"]):
            # The payout's webhook may still be on its way: that is timing, and clears itself.
            assert time.monotonic() < end, first
            await asyncio.sleep(0.5)
            first = await run()
    assert await run() == first
    assert [each["day"] for each in first["days"]] == asked_for
    assert all(each["compared"] for each in first["days"])
    totals = [total for each in first["days"][1:] for total in each["totals"]]
    assert totals
    asked = f"{PATH}/breaks?from={days['from']}&to={days['to']}"
    assert (await finance.call("GET", asked))["breaks"] == []
    for total in totals:
        assert total["value"] == total["explained"] > 0


async def test_only_finance_runs_and_decides_and_bad_days_are_refused(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    auditor = await customers.staff(system, client, "auditor")
    days = {"from": "2026-01-02", "to": "2026-01-01"}
    for user in (customer, auditor):
        refused = await client.post(f"{PATH}/runs", json=days, headers=user.headers)
        assert refused.status_code == 403
    assert (await client.get(f"{PATH}/report", headers=customer.headers)).status_code == 403
    bad = await client.post(f"{PATH}/runs", json=days, headers=finance.headers)
    assert (bad.status_code, bad.json()["code"]) == (400, "VALIDATION_ERROR")
    key = {"Idempotency-Key": "reconciliation-1"}
    body = {"decision": "write_off", "reason": "rounding", "account": "6000"}
    for day, status in (("2026-01-01", 404), ("yesterday", 400)):
        answer = await client.post(
            f"{PATH}/breaks/{day}/amount:charge:ch_0/propose",
            json=body,
            headers={**finance.headers, **key},
        )
        assert answer.status_code == status, answer.text


def reconcile(system: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `ais reconcile` beside the system."""
    return subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", "reconcile", *arguments],
        env={**os.environ, **system.environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


async def test_runs_are_listed_from_the_newest_on_by_page_and_by_command(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    auditor = await customers.staff(system, client, "auditor")
    today = accounting_day(dt.datetime.now(dt.UTC)).isoformat()
    for _ in range(2):
        await finance.call("POST", f"{PATH}/runs", {"from": today, "to": today})
    page = await auditor.call("GET", f"{PATH}/runs?limit=1")
    (newest,) = page["runs"]
    assert (newest["from"], newest["to"], newest["trigger"]) == (today, today, "request")
    assert newest["startedAt"] <= newest["finishedAt"]
    assert newest["breaks"].keys() <= {"timing"}
    older = await auditor.call("GET", f"{PATH}/runs?limit=1&cursor={page['nextCursor']}")
    assert older["runs"][0]["number"] < newest["number"]
    assert (await client.get(f"{PATH}/runs", headers=customer.headers)).status_code == 403
    for wrong in ("cursor=x", "limit=0", "limit=201"):
        refused = await client.get(f"{PATH}/runs?{wrong}", headers=finance.headers)
        assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")
        assert refused.json()["details"]["field"] == wrong.partition("=")[0]
    printed = reconcile(system, "runs", "--limit", "1")
    assert printed.stdout.startswith(f"{newest['number']}: {today} to {today} by request (finance:")
    assert f"more: --cursor {newest['number']}" in printed.stdout
    (listed,) = json.loads(reconcile(system, "runs", "--limit", "1", "--json").stdout)["runs"]
    assert (listed["number"], listed["breaks"]) == (newest["number"], newest["breaks"])


def test_the_command_imports_a_statement_and_finds_the_same_break_each_time(
    system: System, tmp_path: Path
) -> None:
    day = (accounting_day(dt.datetime.now(dt.UTC)) - dt.timedelta(days=20)).isoformat()
    file = tmp_path / "statement.csv"
    file.write_text(f"date,amount,currency,text\n{day},12.34,SAR,STRIPE PAYOUT po_unknown\n")
    asked = ("--from", day, "--to", day, "--json", "--bank", str(file))
    first, second = reconcile(system, *asked), reconcile(system, *asked)
    assert first.returncode == second.returncode == 1, first.stderr
    assert first.stdout == second.stdout
    ((found,),) = [each["breaks"] for each in json.loads(first.stdout)]
    assert (found["kind"], found["amount"]) == ("payout", {"amount": -1_234, "currency": "SAR"})
    assert "imported 1 lines from Stripe" in first.stderr
    file.write_text("date,amount\n")
    refused = reconcile(system, "--bank", str(file))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "line 1" in refused.stderr


def test_the_command_imports_mt940_and_stores_no_text_about_other_business(
    system: System, tmp_path: Path
) -> None:
    day = accounting_day(dt.datetime.now(dt.UTC)) - dt.timedelta(days=25)
    short = day.strftime("%y%m%d")
    file = tmp_path / "statement.sta"
    file.write_text(
        ":20:STATEMENT\n:25:1234567\n:28C:00001\n"
        f":60F:C{short}SAR1000,00\n"
        f":61:{short}{short[2:]}C12,34NTRFNONREF//B1\n:86:STRIPE PAYOUT po_unknown\n"
        f":61:{short}{short[2:]}D5,00NTRFA7//B2\n:86:Salary of Layla\n"
        f":62F:C{short}SAR1007,34\n-\n"
    )
    asked = ("--from", day.isoformat(), "--to", day.isoformat(), "--bank", str(file))
    read = reconcile(system, *asked)
    assert "imported 1 lines from Stripe" in read.stderr, read.stderr
    assert "1 others without their text" in read.stderr
    assert (read.returncode, "-12.34 SAR; proposed: ask_bank" in read.stdout) == (1, True)
    stored_log.await_row(
        system.owner_dsn,
        "SELECT count(*) FROM ledger.event "
        f"WHERE stream = 'reconciliation-{day}' AND convert_from(payload, 'UTF8') LIKE '%B2%'",
        lambda count: count == 1,
    )
    stored_log.await_row(
        system.owner_dsn,
        "SELECT count(*) FROM ledger.event WHERE convert_from(payload, 'UTF8') LIKE '%Salary%'",
        lambda count: count == 0,
    )
