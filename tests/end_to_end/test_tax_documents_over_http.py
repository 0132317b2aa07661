"""Tax documents over HTTP: the customer's invoice, the list of finance, the reports."""

import asyncio
import datetime as dt
import time
from typing import Any

import httpx
import psycopg
import pytest

from domain.kernel.entries import accounting_day
from interfaces.worker.timers import report_tax_documents
from tests.support import customers, running_system, scanner, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import Hurried, System
from tests.support.stored_log import WAIT_SECONDS

BUYER = {
    "name": "شركة المثال",
    "vatNumber": "311111111111113",
    "address": {
        "street": "طريق الملك فهد",
        "building": "1234",
        "district": "العليا",
        "city": "الرياض",
        "postalCode": "12211",
    },
}


async def documents_of(customer: Customer, booking: str, count: int) -> list[dict[str, Any]]:
    """The documents of a booking once it has that many."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        found = await customer.call("GET", f"/api/bookings/{booking}/tax-documents")
        documents: list[dict[str, Any]] = found["documents"]
        if len(documents) == count:
            return documents
        assert time.monotonic() < end, documents
        await asyncio.sleep(0.05)


async def month_of(finance: Customer, month: str) -> list[dict[str, Any]]:
    """All documents of a month, page by page."""
    listed: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        path = f"/api/ledger/tax-documents?month={month}&after={after}"
        page = await finance.call("GET", path)
        listed += page["documents"]
        after = page["nextAfter"]
    return listed


async def test_a_customer_downloads_the_invoice_and_the_credit_note_and_a_stranger_neither(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await customer.confirmed([running_system.schedule(system, seats=2)])
    (invoice,) = await documents_of(customer, booking["id"], 1)
    assert invoice["total"] == booking["total"]
    await customer.cancelled(booking["id"])
    invoice, note = await documents_of(customer, booking["id"], 2)
    assert (note["kind"], note["refersTo"]) == ("credit_note", invoice["number"])
    page = await client.get(note["pdfUrl"], headers=customer.headers)
    assert page.headers["content-type"] == "application/pdf"
    assert note["number"] in scanner.page_text(page.content)
    xml = await client.get(invoice["xmlUrl"], headers=customer.headers)
    assert xml.headers["content-type"].startswith("application/xml")
    assert invoice["number"] in xml.text
    stranger = await customers.register(client)
    for path in (note["pdfUrl"], f"/api/bookings/{booking['id']}/tax-documents"):
        refused = await client.get(path, headers=stranger.headers)
        assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND")
    for name in ("INV-2000-000001.pdf", f"{note['number']}.exe", "pdf", f"..{note['number']}"):
        path = f"/api/bookings/{booking['id']}/tax-documents/{name}"
        refused = await client.get(path, headers=customer.headers)
        assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND")
    stored_log.assert_invariants(system.owner_dsn)


async def test_a_business_is_named_before_the_invoice_and_refused_after_it(
    system: System, customer: Customer
) -> None:
    booking = await customer.reserved([running_system.schedule(system, seats=2)])
    wrong = {**BUYER, "vatNumber": "211111111111113"}
    with pytest.raises(Refused, match="VALIDATION_ERROR") as refusal:
        await customer.on(booking["id"], "tax-buyer", wrong)
    assert refusal.value.body["details"]["field"] == "vatNumber"
    assert await customer.on(booking["id"], "tax-buyer", BUYER) == {"booking": booking["id"]}
    await customer.pay(booking["id"])
    (invoice,) = await documents_of(customer, booking["id"], 1)
    assert invoice["standard"]
    with pytest.raises(Refused, match="INVALID_STATE_TRANSITION"):
        await customer.on(booking["id"], "tax-buyer", BUYER)
    page = await customer.client.get(invoice["pdfUrl"], headers=customer.headers)
    assert BUYER["vatNumber"] in scanner.page_text(page.content)
    with psycopg.connect(system.owner_dsn) as connection:
        found = connection.execute(
            "SELECT count(*) FROM ledger.event WHERE position(%s IN payload) > 0",
            [str(BUYER["vatNumber"]).encode()],
        ).fetchone()
    assert found == (0,)


async def test_finance_lists_the_documents_of_a_month_once_they_are_reported(
    system: System,
    client: httpx.AsyncClient,
    customer: Customer,
    hurried_timers: Hurried,
) -> None:
    finance = await customers.staff(system, client, "finance")
    booking = await customer.confirmed([running_system.schedule(system, seats=2)])
    (invoice,) = await documents_of(customer, booking["id"], 1)
    month = f"{accounting_day(dt.datetime.fromisoformat(invoice['issuedAt'])):%Y-%m}"
    end = time.monotonic() + 2 * WAIT_SECONDS
    with hurried_timers(report_tax_documents.TIMER):
        while True:
            listed = await month_of(finance, month)
            mine = [each for each in listed if each["booking"] == booking["id"]]
            if mine and mine[0]["status"] == "reported":
                break
            assert time.monotonic() < end, mine
            await asyncio.sleep(0.2)
    assert mine[0]["number"] == invoice["number"]
    counters = [each["counter"] for each in listed]
    assert counters == list(range(counters[0], counters[0] + len(counters)))
    path = f"/api/ledger/tax-documents?month={month}&after={counters[-1] - 1}"
    assert len((await finance.call("GET", path))["documents"]) == 1
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        await finance.call("GET", "/api/ledger/tax-documents?month=2026-13")
    with pytest.raises(Refused, match="FORBIDDEN"):
        await customer.call("GET", f"/api/ledger/tax-documents?month={month}")
    again = await finance.post(f"/api/admin/bookings/{booking['id']}/tax-documents")
    assert again == {"documents": 1}
