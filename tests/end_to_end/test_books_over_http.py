"""The books over HTTP: questions as of and as known, drill-down, exports, refusals."""

import asyncio
import datetime as dt
import time
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.running_system import System


@pytest.fixture
async def finance(system: System, client: httpx.AsyncClient) -> Customer:
    """The account with the role finance."""
    return await customers.staff(system, client, "finance")


async def read(finance: Customer, place: str, **asked: Any) -> dict[str, Any]:
    """The answer of a route of the ledger."""
    found = await finance.client.get(f"/api/ledger/{place}", params=asked, headers=finance.headers)
    assert found.status_code == 200, found.text
    answer: dict[str, Any] = found.json()
    return answer


def today() -> str:
    return dt.datetime.now(ZoneInfo("Asia/Riyadh")).date().isoformat()


async def test_finance_follows_money_from_a_balance_to_the_payment_at_stripe(
    system: System, finance: Customer, customer: Customer
) -> None:
    began_on = today()
    booking = (await customer.confirmed([running_system.schedule(system, seats=5)]))["id"]
    await asyncio.to_thread(running_system.await_rest, system)
    ended_on = today()
    balances = await read(finance, "trial-balance", asOf=ended_on)
    assert balances["balanced"]
    known = balances["knownPosition"]
    clearing = next(each for each in balances["balances"] if each["account"] == "1010")
    days = {"from": began_on, "to": ended_on, "currency": clearing["currency"]}
    statement = await read(finance, "accounts/1010/statement", limit=500, knownAt=known, **days)
    assert statement["closing"] == clearing["debit"] - clearing["credit"]
    assert booking in {line["booking"] for line in statement["lines"]}
    entries = (await read(finance, "entries", booking=booking))["entries"]
    assert [each["rule"] for each in entries] == ["capture", "ticketing"]
    intent = entries[0]["references"][0]
    assert intent.startswith("pi_")
    found = (await read(finance, "entries", reference=intent))["entries"]
    # Stripe's fee for it is another entry, once it is known.
    assert entries[0]["event"] in {each["event"] for each in found}
    first = await read(finance, "entries", booking=booking, limit=1)
    rest = await read(finance, "entries", booking=booking, cursor=first["nextCursor"])
    assert [each["rule"] for each in rest["entries"]] == ["ticketing"]
    user = (await customer.call("GET", "/api/auth/me"))["id"]
    mine = await read(finance, f"customers/{user}/statement")
    (own,) = [each for each in mine["bookings"] if each["id"] == booking]
    assert (own["paid"], own["owed"]) == (own["total"]["amount"], 0)


async def test_reports_add_up_to_the_accounts_that_they_divide(
    system: System, finance: Customer, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=5)
    await customer.confirmed([flight])
    await asyncio.to_thread(running_system.await_rest, system)
    balances = await read(finance, "trial-balance")
    held = {
        (each["account"], each["currency"]): each["credit"] - each["debit"]
        for each in balances["balances"]
    }
    flights = (await read(finance, "deferred-revenue"))["flights"]
    assert flight in {each["flightId"] for each in flights}
    riyals = [each for each in flights if each["currency"] == "SAR"]
    assert sum(each["fare"] for each in riyals) == held["2000", "SAR"]
    charges = (await read(finance, "airport-charges"))["charges"]
    owed = sum(each["amount"] for each in charges if each["currency"] == "SAR")
    assert owed == held["2310", "SAR"]
    supplies = await read(finance, "vat-return", **{"from": "2026-01-01", "to": "2099-01-01"})
    riyals = [each for each in supplies["supplies"] if each["currency"] == "SAR"]
    assert sum(each["vat"] for each in riyals) == held["2300", "SAR"]
    items = (await read(finance, "open-items"))["items"]
    for account in ("2020", "2100"):
        of = [each for each in items if each["account"] == account]
        total = -sum(each["amount"]["amount"] for each in of if each["amount"]["currency"] == "SAR")
        assert total == held.get((account, "SAR"), 0)


@pytest.mark.parametrize(
    ("place", "asked", "field"),
    [
        ("trial-balance", {"knownAt": "yesterday"}, "knownAt"),
        ("trial-balance", {"knownAt": "2026-11-24T10:00:00"}, "knownAt"),
        ("trial-balance", {"knownAt": "999999999999"}, "knownPosition"),
        ("trial-balance", {"asOf": "2026-13-01"}, "asOf"),
        ("accounts/9999/statement", {"currency": "SAR"}, "account"),
        ("accounts/1010/statement", {"currency": "XXQ"}, "currency"),
        ("accounts/1010/statement", {"currency": "SAR", "cursor": "1/2"}, "cursor"),
        ("accounts/1010/statement", {"currency": "SAR", "limit": "0"}, "limit"),
        ("accounts/1010/statement", {"currency": "SAR", "from": "2026-12-02"}, "to"),
        ("entries", {"account": "9999"}, "account"),
        ("entries", {"cursor": "x"}, "cursor"),
        ("entries", {"position": "0"}, "position"),
        ("entries", {"position": "9" * 30}, "position"),
        ("export", {"format": "xlsx"}, "format"),
        ("vat-return", {"from": "2026-12-02"}, "to"),
        ("vat-return", {"from": "yesterday"}, "from"),
        ("vat-return", {"to": ""}, "to"),
        ("periods/2026-13", {}, "month"),
        ("periods/202611x", {}, "month"),
    ],
)
async def test_an_invalid_question_names_its_field(
    finance: Customer, place: str, asked: dict[str, str], field: str
) -> None:
    given = {"from": "2026-11-01", "to": "2026-12-01"} if _has_days(place) else {}
    found = await finance.client.get(
        f"/api/ledger/{place}", params={**given, **asked}, headers=finance.headers
    )
    assert (found.status_code, found.json()["code"]) == (400, "VALIDATION_ERROR"), found.text
    assert found.json()["details"]["field"] == field, found.text


def _has_days(place: str) -> bool:
    return place.split("/")[-1] in {"statement", "export", "vat-return"}


async def test_an_export_is_text_for_finance_only(finance: Customer, customer: Customer) -> None:
    asked = {"format": "hledger", "from": "2026-11-01", "to": today()}
    found = await finance.client.get("/api/ledger/export", params=asked, headers=finance.headers)
    assert found.status_code == 200, found.text
    assert found.headers["content-type"].startswith("text/plain")
    assert "closing balances" in found.text
    refused = await customer.client.get(
        "/api/ledger/export", params=asked, headers=customer.headers
    )
    assert refused.status_code == 403


async def test_the_running_month_is_not_closed_and_an_auditor_closes_none(
    system: System, client: httpx.AsyncClient, finance: Customer
) -> None:
    month = today()[:7]
    key = {"idempotency-key": f"close-{time.time_ns()}"}
    refused = await finance.client.post(
        f"/api/ledger/periods/{month}/close", json={}, headers={**finance.headers, **key}
    )
    assert (refused.status_code, refused.json()["details"]) == (409, {"reason": "month_not_over"})
    auditor = await customers.staff(system, client, "auditor")
    refused = await auditor.client.post(
        f"/api/ledger/periods/{month}/close", json={}, headers={**auditor.headers, **key}
    )
    assert refused.status_code == 403
