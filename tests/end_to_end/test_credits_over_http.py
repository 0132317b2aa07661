"""Travel credit over HTTP: given by staff, seen by its owner."""

import datetime as dt

import httpx
import pytest

from domain.kernel.entries import accounting_day
from tests.end_to_end.test_compensation_over_http import IBAN, offered
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System


async def test_support_gives_credit_as_goodwill_and_only_its_owner_sees_it(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    support = await customers.staff(system, client, "support")
    finance = await customers.staff(system, client, "finance")
    flight = running_system.schedule(system, seats=1, currency="KWD")
    booking = (await customer.confirmed([flight]))["id"]
    path = f"/api/admin/bookings/{booking}/credit"
    amount = {"amount": 5_000, "currency": "KWD"}
    body = {"amount": amount, "reason": "a broken seat"}
    for who in (customer, await customers.staff(system, client, "gate")):
        with pytest.raises(Refused, match="FORBIDDEN"):
            await who.post(path, body)
    with pytest.raises(Refused) as refused:
        await support.post(path, {**body, "amount": {**amount, "amount": 40_001}})
    assert refused.value.body["details"] == {
        "field": "amount",
        "reason": "over_limit",
        "most": 40_000,
    }
    with pytest.raises(Refused) as refused:
        await finance.post(path, {**body, "amount": {**amount, "currency": "SAR"}})
    assert refused.value.body["details"] == {
        "field": "amount.currency",
        "reason": "KWD is expected",
    }
    for wrong in ("5000", -5, 0, 10**13, 5.5, True, None):
        with pytest.raises(Refused, match="VALIDATION_ERROR") as refused:
            await finance.post(path, {**body, "amount": {**amount, "amount": wrong}})
        assert refused.value.body["details"]["field"] == "amount.amount"
    for wrong_form in (5_000, {"amount": 5_000}, {**amount, "more": 1}):
        with pytest.raises(Refused, match="VALIDATION_ERROR"):
            await finance.post(path, {**body, "amount": wrong_form})
    given = await support.post(path, body, key="broken-seat")
    assert await support.post(path, body, key="broken-seat") == given
    with pytest.raises(Refused, match="IDEMPOTENCY_CONFLICT"):
        await support.post(path, {**body, "amount": {**amount, "amount": 1}}, key="broken-seat")
    most = {**amount, "amount": 35_000}
    with pytest.raises(Refused) as refused:
        await support.post(path, {**body, "amount": {**most, "amount": 35_001}})
    assert refused.value.body["details"]["most"] == 35_000
    assert given["balance"] == {"amount": 5_000, "currency": "KWD"}
    stranger = await customers.register(client)
    assert (await customers.listed(system, stranger, "/api/credits"))["credits"] == []
    with pytest.raises(Refused, match="NOT_FOUND"):
        await stranger.call("GET", f"/api/credits/{given['id']}")
    assert (await customers.listed(system, customer, "/api/credits"))["credits"] == [given]
    assert await customer.call("GET", f"/api/credits/{given['id']}") == given
    stored_log.assert_invariants(system.owner_dsn)


async def accepted_claim(system: System, customer: Customer, account: dict[str, str]) -> str:
    """A claim for a cancelled flight that the customer has accepted; its id."""
    operations = await customers.staff(system, customer.client, "ops")
    flight = running_system.schedule(system, seats=2, leaves_in=running_system.TOMORROW)
    booking = (await customer.confirmed([flight]))["id"]
    await operations.post(f"/api/admin/flights/{flight}/cancel", {"reason": "commercial"})
    claim = str((await offered(customer, booking))["id"])
    await customer.post(f"/api/bookings/{booking}/claims/{claim}/accept", account)
    return claim


async def refused_days(second: Customer, path: str, transfer: dict[str, str]) -> None:
    """A value date is not to come, nor before the payout was proposed."""
    today = dt.date.fromisoformat(transfer["paidOn"])
    for days, reason in ((1, "in_the_future"), (-1, "before_proposal")):
        wrong = {**transfer, "paidOn": (today + dt.timedelta(days=days)).isoformat()}
        with pytest.raises(Refused, match="VALIDATION_ERROR") as refused:
            await second.post(f"{path}/approve", wrong)
        assert refused.value.body["details"] == {"field": "paidOn", "reason": reason}


async def test_a_payout_needs_two_persons_and_goodwill_is_never_paid_out(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    operations = await customers.staff(system, client, "ops")
    finance = await customers.staff(system, client, "finance")
    second = await customers.staff(system, client, "finance", second=True)
    flight = running_system.schedule(system, seats=2, leaves_in=running_system.TOMORROW)
    booking = (await customer.confirmed([flight]))["id"]
    given = await finance.post(
        f"/api/admin/bookings/{booking}/credit",
        {"amount": {"amount": 1_000, "currency": "SAR"}, "reason": "a broken seat"},
    )
    account = {"iban": IBAN, "holder": "Noura Alharbi"}
    with pytest.raises(Refused, match="INVALID_STATE_TRANSITION") as refused:
        await finance.post(f"/api/admin/credits/{given['id']}/payout", account)
    assert refused.value.body["details"]["reason"] == "goodwill"
    await operations.post(f"/api/admin/flights/{flight}/cancel", {"reason": "commercial"})
    claim = await offered(customer, booking)
    accept = f"/api/bookings/{booking}/claims/{claim['id']}/accept"
    credit = (await customer.post(accept, {"asCredit": True}))["creditId"]
    path = f"/api/admin/credits/{credit}/payout"
    support = await customers.staff(system, client, "support")
    for who in (customer, support):
        with pytest.raises(Refused, match="FORBIDDEN"):
            await who.post(path, account)
    with pytest.raises(Refused) as refused:
        await finance.post(path, {**account, "iban": "SA0480000000608010167519"})
    assert refused.value.body["details"]["field"] == "iban"
    await finance.post(path, account)
    listed = (await customers.listed(system, second, "/api/admin/credit-payouts"))["payouts"]
    assert [each["amount"] for each in listed if each["creditId"] == credit] == [claim["amount"]]
    for who, iban in ((second, IBAN), (customer, None), (support, None)):
        shown = (await who.call("GET", f"/api/credits/{credit}"))["payout"]
        assert (shown["amount"], shown["iban"]) == (claim["amount"], iban)
    await finance.post(f"{path}/decline", {})
    await finance.post(path, account)
    today = accounting_day(dt.datetime.now(dt.UTC))
    transfer = {"bankReference": "FT26325-0043", "paidOn": today.isoformat()}
    await refused_days(second, path, transfer)
    with pytest.raises(Refused) as refused:
        await finance.post(f"{path}/approve", transfer)
    assert refused.value.body["details"]["reason"] == "second_person_needed"
    paid = await second.post(f"{path}/approve", transfer, key="pay-out")
    assert await second.post(f"{path}/approve", transfer, key="pay-out") == paid
    assert paid["balance"]["amount"] == 0
    assert stored_log.balances(system.owner_dsn, credit) == {
        ("1000", "SAR"): -claim["amount"]["amount"],
        ("2200", "SAR"): 0,
    }
    listed = (await customers.listed(system, second, "/api/admin/credit-payouts"))["payouts"]
    assert credit not in [each["creditId"] for each in listed]
    claim = await accepted_claim(system, customer, account)
    with pytest.raises(Refused, match="VALIDATION_ERROR") as refused:
        await finance.post(f"/api/admin/claims/{claim}/bank-transfer", transfer)
    assert refused.value.body["details"] == {
        "field": "bankReference",
        "reason": "pays_another",
        "pays": credit,
    }
    stored_log.assert_invariants(system.owner_dsn)
