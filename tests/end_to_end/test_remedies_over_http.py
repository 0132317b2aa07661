"""What differs from Stripe is appended, refunded and written off, from the break to the books."""

import asyncio
import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from domain.kernel.entries import accounting_day
from domain.kernel.ids import reconciliation_stream
from domain.kernel.money import Money
from domain.reconciliation.breaks import Break, Evidence
from domain.reconciliation.events import BreakDetected, DayCompared
from domain.reconciliation.matching import RULE, VERSION
from interfaces.worker.timers import sweep_balance_transactions
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
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


def today() -> str:
    return accounting_day(dt.datetime.now(dt.UTC)).isoformat()


async def run(finance: Customer) -> None:
    await finance.call("POST", f"{PATH}/runs", {"from": today(), "to": today()})


async def breaks_about(finance: Customer, key: str) -> list[dict[str, Any]]:
    """The breaks of today whose id ends with the id of this object at Stripe."""
    await run(finance)
    found = await finance.call("GET", f"{PATH}/breaks?from={today()}&to={today()}")
    return [each for each in found["breaks"] if each["id"].endswith(f":{key}")]


def path_of(found: dict[str, Any]) -> str:
    return f"{PATH}/breaks/{found['day']}/{found['id']}"


async def sold(system: System, customer: Customer) -> dict[str, Any]:
    """Sell a ticket; its charge at Stripe."""
    await customer.confirmed([running_system.schedule(system, seats=1, fare=50_000)])
    return running_system.stripe_list(system, "charges")[0]


def await_transaction(system: System, charge: dict[str, Any]) -> None:
    """Wait until the ledger has the charge's balance transaction with its fee."""
    stored_log.await_row(
        system.owner_dsn,
        "SELECT count(*) FROM ledger.event WHERE stream = "
        f"'settlement-{charge['id']}' AND tag = 'settlement.transaction_recorded.1'",
        lambda count: count == 1,
    )


async def entries(finance: Customer, reference: str, rule: str) -> list[dict[str, Any]]:
    asked = f"/api/ledger/entries?reference={reference}&rule={rule}"
    found: list[dict[str, Any]] = (await finance.call("GET", asked))["entries"]
    return found


async def test_a_refund_and_a_dispute_without_webhooks_are_appended_from_stripe_once(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    first, second = await sold(system, customer), await sold(system, customer)
    for kind in ("refund", "charge."):
        running_system.control(system, "rules", action="drop", type=kind, times=20)
    refund = running_system.control(system, "refunds", charge=first["id"], amount=1_000)
    dispute = running_system.control(system, "disputes", charge=second["id"])
    taken = dispute["balance_transactions"][0]["id"]
    for key, rule in ((refund["id"], "external_refund_recorded"), (taken, "dispute_withdrawn")):
        (found,) = await breaks_about(finance, key)
        body = {"decision": "append_from_stripe", "reason": "lost_event"}
        decided = await finance.call("POST", f"{path_of(found)}/propose", body, key=f"k-{key}")
        assert (decided["status"], decided["decision"]) == ("resolved", "append_from_stripe")
        again = await finance.call("POST", f"{path_of(found)}/propose", body, key=f"k-{key}")
        assert again == decided
        await asyncio.to_thread(running_system.await_rest, system)
        assert len(await entries(finance, key, rule)) == 1
        assert await breaks_about(finance, key) == []


def seed_duplicate(system: System, charge: dict[str, Any], *, days_ago: int = 40) -> dict[str, Any]:
    """Record a break as a run finds one; Stripe itself never takes one intent twice."""
    day = accounting_day(dt.datetime.now(dt.UTC)) - dt.timedelta(days=days_ago)
    amount = Money(charge["amount"], "SAR")
    found = Break(
        kind="duplicate",
        sources=("charge", charge["id"]),
        amount=-amount,
        since=dt.datetime.now(dt.UTC),
        evidence=Evidence(
            rule=RULE,
            rule_version=VERSION,
            positions=(),
            provider_ids=(charge["balance_transaction"],),
            digests=(),
            booked=(),
            listed=(amount,),
        ),
    )
    stream = reconciliation_stream(day)
    stored_log.append(system.owner_dsn, stream, 1, DayCompared(inputs="", totals=()))
    stored_log.append(system.owner_dsn, stream, 2, BreakDetected(found=found))
    return {"day": day.isoformat(), "id": found.id}


def charge_without_webhooks(system: System) -> dict[str, Any]:
    """Stripe takes money of an intent that the ledger does not know."""
    for kind in ("payment_intent", "charge."):
        running_system.control(system, "rules", action="drop", type=kind, times=20)
    answer = httpx.post(
        f"{system.stripe_url}/v1/payment_intents",
        data={
            "amount": "12500",
            "currency": "sar",
            "confirm": "true",
            "payment_method": "pm_card_visa",
            "capture_method": "automatic",
        },
        headers={"Authorization": f"Bearer {system.settings.stripe_api_key.reveal()}"},
    )
    assert answer.status_code == 200, answer.text
    return running_system.stripe_list(system, "charges")[0]


async def test_a_duplicate_is_refunded_at_stripe_once_although_two_persons_approve_it_at_once(
    system: System, client: httpx.AsyncClient
) -> None:
    finance = await customers.staff(system, client, "finance")
    second = await customers.staff(system, client, "finance", second=True)
    charge = charge_without_webhooks(system)
    found = seed_duplicate(system, charge)
    asked = {"decision": "refund", "reason": "paid_twice"}
    proposed = await finance.call("POST", f"{path_of(found)}/propose", asked)
    assert (proposed["status"], proposed["decision"]) == ("proposed", "refund")
    assert proposed["refund"] == {
        "amount": {"amount": 12_500, "currency": "SAR"},
        "charge": charge["id"],
        "paymentIntent": charge["payment_intent"],
    }
    decide = f"{path_of(found)}/decide"
    with pytest.raises(Refused) as refused:
        await finance.call("POST", decide, {"approved": True})
    assert (refused.value.status, refused.value.body["code"]) == (403, "FORBIDDEN")
    assert refused.value.body["details"]["reason"] == "second_person_needed"
    answers = await asyncio.gather(
        *(second.call("POST", decide, {"approved": True}) for _ in range(2)),
        return_exceptions=True,
    )
    (late,) = [each for each in answers if isinstance(each, Refused)]
    assert (late.status, late.body["details"]["reason"]) == (409, "not_proposed")
    await asyncio.to_thread(running_system.await_rest, system)
    refunds = [
        each
        for each in running_system.stripe_list(system, "refunds")
        if each["charge"] == charge["id"]
    ]
    assert [each["amount"] for each in refunds] == [12_500]
    assert len(await entries(finance, charge["id"], "capture")) == 1
    assert len(await entries(finance, refunds[0]["id"], "refund_accepted")) == 1


async def test_a_write_off_goes_from_the_break_to_the_posted_entry(
    system: System,
    client: httpx.AsyncClient,
    customer: Customer,
    hurried_timers: Hurried,
) -> None:
    finance = await customers.staff(system, client, "finance")
    second = await customers.staff(system, client, "finance", second=True)
    charge = await sold(system, customer)
    with hurried_timers(sweep_balance_transactions.TIMER):
        await asyncio.to_thread(await_transaction, system, charge)
    await asyncio.to_thread(running_system.await_rest, system)
    running_system.control(system, "corrections", charge=charge["id"], amount=charge["amount"] - 5)
    (found,) = await breaks_about(finance, charge["id"])
    assert (found["kind"], found["amount"]["amount"]) == ("amount", 5)
    with pytest.raises(Refused) as refused:
        await finance.call(
            "POST",
            f"{path_of(found)}/propose",
            {"decision": "mark_as_timing", "reason": "settles_later", "account": "6000"},
        )
    assert (refused.value.status, refused.value.body["code"]) == (409, "INVALID_STATE_TRANSITION")
    assert refused.value.body["details"] == {"field": "account", "reason": "only_for_a_write_off"}
    asked = {"decision": "write_off", "reason": "rounding", "account": "6000"}
    proposed = await finance.call("POST", f"{path_of(found)}/propose", asked)
    assert (proposed["status"], proposed["account"]) == ("proposed", "6000")
    with pytest.raises(Refused) as refused:
        await finance.call("POST", f"{path_of(found)}/decide", {"approved": True})
    assert (refused.value.status, refused.value.body["code"]) == (403, "FORBIDDEN")
    approved = await second.call("POST", f"{path_of(found)}/decide", {"approved": True})
    assert approved["status"] == "resolved"
    await asyncio.to_thread(running_system.await_rest, system)
    (entry,) = await entries(finance, charge["id"], "reconciliation_write_off")
    assert {each["account"]: each["amount"] for each in entry["postings"]} == {
        "6000": 5,
        "1010": -5,
    }
    assert await breaks_about(finance, charge["id"]) == []


def ais_reconcile(system: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `ais reconcile` beside the system."""
    return subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", "reconcile", *arguments],
        env={**os.environ, **system.environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


async def test_the_command_lists_breaks_appends_and_leaves_the_approval_to_a_person(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    charge = await sold(system, customer)
    for kind in ("refund", "charge."):
        running_system.control(system, "rules", action="drop", type=kind, times=20)
    refund = running_system.control(system, "refunds", charge=charge["id"], amount=700)
    (found,) = await breaks_about(finance, refund["id"])
    listed = ais_reconcile(system, "breaks", "--from", today(), "--to", today())
    assert (listed.returncode, found["id"] in listed.stdout) == (0, True), listed.stderr
    appended = ais_reconcile(system, "append", today(), found["id"])
    assert (appended.returncode, "append_from_stripe" in appended.stdout) == (0, True)
    again = ais_reconcile(system, "append", today(), found["id"])
    assert (again.returncode, "INVALID_STATE_TRANSITION" in again.stderr) == (2, True)
    unknown = ais_reconcile(system, "append", today(), "amount:charge:ch_0")
    assert (unknown.returncode, "NOT_FOUND" in unknown.stderr) == (2, True)
    await asyncio.to_thread(running_system.await_rest, system)
    assert len(await entries(finance, refund["id"], "external_refund_recorded")) == 1

    duplicate = seed_duplicate(system, charge_without_webhooks(system), days_ago=41)
    asked = ("propose", duplicate["day"], duplicate["id"], "refund", "--reason", "paid_twice")
    proposed = ais_reconcile(system, *asked)
    assert (proposed.returncode, "proposed, refund" in proposed.stdout) == (0, True)
    decided = await finance.call("POST", f"{path_of(duplicate)}/decide", {"approved": True})
    assert (decided["status"], decided["proposedBy"]) == ("resolved", "operator")
