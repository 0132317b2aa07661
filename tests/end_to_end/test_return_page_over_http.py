"""A browser without scripts returns from Stripe: it follows the reloads of the page, no more."""

import asyncio
import time

import httpx
import pytest

from application.booking.read_payment_outcome import PaymentStep
from application.caller import Language
from interfaces.http.return_page_words import WORDS, Case
from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.returning_traveller import RELOADS, heading
from tests.support.running_system import System
from tests.support.stored_log import WAIT_SECONDS


async def follow(client: httpx.AsyncClient, path: str, language: str) -> list[httpx.Response]:
    """Load the page, and again whenever it says so; all pages in order."""
    pages = []
    address = path
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        page = await client.get(address, headers={"accept-language": language})
        pages.append(page)
        reload = RELOADS.search(page.text)
        if reload is None:
            return pages
        await asyncio.sleep(int(reload[1]))
        address = path + reload[2]
    raise AssertionError(pages[-1].text)


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_the_page_becomes_confirmed_by_itself_although_every_webhook_was_lost(
    system: System, client: httpx.AsyncClient, customer: Customer, language: Language
) -> None:
    flight = running_system.schedule(system, seats=5)
    booking = (await customer.send_booking(flight)).json()["id"]
    session = (await customer.send_checkout(booking)).json()
    running_system.control(system, "rules", action="drop", times=10)
    try:
        assert await customers.press(session["checkoutUrl"], "pay") == 303
        pages = await follow(client, f"/paid/{booking}", language)
    finally:
        running_system.control(system, "rules", "DELETE")

    def of(case: Case) -> str:
        return WORDS[language].cases[case][0]

    assert heading(pages[0]) == of("recording")
    assert heading(pages[-1]) == of(PaymentStep.CONFIRMED)
    shown = pages[-1].text
    assert booking.removeprefix("booking-") in shown
    assert f"{flight.split('-')[1]} RUH – JED" in shown
    total = (await customer.booking(booking))["total"]["amount"]
    assert f">{total / 100:,.2f} SAR<" in shown
    for page in pages:
        assert "Noura" not in page.text
        assert page.elapsed.total_seconds() < 5


async def test_the_page_of_who_leaves_the_checkout_says_until_when_to_pay(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = (await customer.send_booking(running_system.schedule(system, seats=5))).json()["id"]
    await customer.send_checkout(booking)
    page = await client.get(f"/unpaid/{booking}", headers={"accept-language": "ar"})
    assert heading(page) == WORDS["ar"].cases["not_paid"][0]
    assert "RUH" in page.text
    assert RELOADS.search(page.text)


async def test_a_payment_from_the_app_leads_back_to_it(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = (await customer.send_booking(running_system.schedule(system, seats=5))).json()["id"]
    headers = {**customer.headers, "Idempotency-Key": "from-the-app"}
    path = f"/api/bookings/{booking}/checkout"

    async def open_checkout(name: str) -> httpx.Response:
        return await client.post(path, json={"returnTo": name}, headers=headers)

    with running_system.other_settings(system, return_to="app=rimal://bookings/{booking}"):
        for other in ("web", "rimal://bookings/{booking}", "https://evil.example", ""):
            refused = await open_checkout(other)
            assert (refused.status_code, refused.json()["details"]["field"]) == (400, "returnTo")
        session = (await open_checkout("app")).json()
        assert (await open_checkout("app")).json() == session
        async with httpx.AsyncClient(verify=False, timeout=30) as browser:
            left = await browser.post(f"{session['checkoutUrl']}/pay")
        address = httpx.URL(left.headers["location"])
        assert (address.path, address.params["to"]) == (f"/paid/{booking}", "app")
        page = await client.get(address.raw_path.decode())
        link = f'href="rimal://bookings/{booking.removeprefix("booking-")}"'
        assert link in page.text
    # The setting decides at the moment when the page is shown.
    assert "rimal://" not in (await client.get(address.raw_path.decode())).text
