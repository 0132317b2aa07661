"""All read models are rebuilt while travellers search, book, pay and cancel: readers always see a
full table, and nothing is sent again, to customers or to Stripe.
"""

import asyncio
import datetime as dt
import urllib.request

import httpx
from prometheus_client.parser import text_string_to_metric_families

from infrastructure.postgres import roles
from interfaces.cli import rebuild
from projections import checking
from projections.registry import ALL
from tests.support import paying_travellers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.paying_travellers import Travellers
from tests.support.running_system import System

pytestmark = running_system.ONE_PROCESS
TRAVELLERS = 4
PAID_BEFORE = 4
CONFIRMATION = "booking-confirmed"
DEPARTS_IN = dt.timedelta(days=30)


class Readers:
    """One searches, one lists its bookings, until they are stopped; what they saw only grows."""

    def __init__(self, client: httpx.AsyncClient, customer: Customer, flight: str) -> None:
        self._client = client
        self._customer = customer
        self._flight = flight
        self.stopped = False
        self.reads = 0

    async def search(self) -> None:
        """Find the flight in every answer."""
        day = self._flight[-10:]
        question = {"from": "RUH", "to": "JED", "date": day}
        while not self.stopped:
            answer = await self._client.post("/api/flights/search", json=question)
            assert answer.status_code == 200, answer.text
            assert self._flight in {each["id"] for each in answer.json()["flights"]}
            self.reads += 1

    async def list_bookings(self) -> None:
        """Find in every answer what the one before contained."""
        seen: set[str] = set()
        while not self.stopped:
            answer = await self._client.get(
                "/api/bookings?limit=100", headers=self._customer.headers
            )
            assert answer.status_code == 200, answer.text
            found = {each["id"] for each in answer.json()["bookings"]}
            assert seen <= found or len(found) == 100
            seen, self.reads = found, self.reads + 1


def _letters_sent(system: System) -> int:
    """How many confirmations the running process has sent."""
    url = f"http://127.0.0.1:{system.metrics_ports['serve']}/metrics"
    with urllib.request.urlopen(url, timeout=30) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    labels = {"kind": CONFIRMATION, "outcome": "sent"}
    samples = [each for family in families for each in family.samples]
    return sum(
        int(each.value)
        for each in samples
        if each.name == "ais_letters_total" and labels.items() <= each.labels.items()
    )


async def test_readers_see_full_tables_and_nothing_is_sent_twice_while_all_is_rebuilt(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=1_000_000, leaves_in=DEPARTS_IN)
    travellers, sent_before = Travellers(customer, flight), _letters_sent(system)
    travelling = [
        asyncio.create_task(travellers.travel(cancels=number == 0)) for number in range(TRAVELLERS)
    ]
    await paying_travellers.more_have_paid(travellers, travelling, PAID_BEFORE)
    await asyncio.to_thread(stored_log.assert_read_models_follow, system.owner_dsn)
    readers = Readers(client, customer, flight)
    reading = [asyncio.create_task(readers.search()), asyncio.create_task(readers.list_bookings())]
    dsn = system.postgres.dsn(user=roles.PROJECTOR_LOGIN)
    assert await asyncio.to_thread(rebuild.rebuild, dsn=dsn) == 0
    before = readers.reads
    assert before > 0
    await paying_travellers.more_have_paid(travellers, travelling, 1)
    readers.stopped = travellers.stopped = True
    await asyncio.gather(*reading, *travelling)
    await paying_travellers.assert_none_lost(system, travellers)
    # One that comes to be sent after the cancellation is not written any more.
    kept = len(travellers.paid) - len(travellers.cancelled)
    assert kept <= _letters_sent(system) - sent_before <= len(travellers.paid)
    assert await asyncio.to_thread(checking.check_all, dsn) == {name: [] for name in ALL}
