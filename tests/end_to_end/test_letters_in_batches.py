"""Letters that leave the outbox together are written by one task of the worker."""

import asyncio
import json
import time

import httpx
import psycopg

from application.booking import letters
from tests.support import customers, running_system, stored_log
from tests.support.running_system import System


async def test_letters_that_are_relayed_together_all_arrive_each_in_one_file(
    system: System, client: httpx.AsyncClient
) -> None:
    flight = running_system.schedule(system, seats=9)
    customer = await customers.register(client)
    bookings = [await customer.confirmed([flight]) for _ in range(3)]
    sent = [letters.ModificationLetter(each["id"], f"{n}") for each in bookings for n in "12"]
    with psycopg.connect(system.owner_dsn) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ledger.outbox (topic, body) VALUES (%s, %s)",
            [(each.topic, json.dumps(each.body)) for each in sent],
        )
    for each in bookings:
        end = time.monotonic() + stored_log.WAIT_SECONDS
        pattern = f"*change-completed-{each['reference']}-*.eml"
        while len(found := list(system.mailbox.glob(pattern))) < 2:
            assert time.monotonic() < end, found
            await asyncio.sleep(0.05)
        assert len(found) == 2
        assert all(each["reference"] in path.read_text("utf-8") for path in found)
