"""Personal data is nowhere in clear but in the letter: not in a table, a log line or the queue."""

import httpx
import psycopg
import redis

from interfaces.cli.demo_stage import Stage
from tests.support import system
from tests.support.system import Traveller

FIRST, LAST, EMAIL, PHONE = "Qamarzaman", "Undiscoverable", "qamar@leak.example", "+966512345678"
SECRETS = (FIRST, LAST, EMAIL, PHONE)


async def test_names_and_addresses_are_found_in_no_store_and_no_log(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    body = system.booking_body(system.schedule(stage.owner_dsn, seats=2))
    body["passengers"][0].update(firstName=FIRST, lastName=LAST)
    body["contact"] = {"email": EMAIL, "phone": PHONE}
    headers = {**traveller.headers, "Idempotency-Key": "leak"}
    made = await client.post("/api/bookings", json=body, headers=headers)
    booking = made.json()["id"]
    session = (await system.checkout(client, traveller, booking)).json()
    await system.press(session["checkoutUrl"], "pay")
    await system.await_status(client, traveller, booking, "confirmed")
    bad = {**body, "passengers": [{**body["passengers"][0], "type": "ELF"}]}
    refused = await client.post("/api/bookings", json=bad, headers=headers)
    assert refused.status_code == 400
    needles = (*SECRETS, traveller.email)
    assert _found(_tables(stage.owner_dsn), needles) == []
    logs = {path.name: path.read_text() for path in (stage.folder / "logs").iterdir()}
    assert len(logs) >= 5
    assert _found(logs, needles) == []
    assert _found(_queue(stage), needles) == []


def _tables(dsn: str) -> dict[str, str]:
    """Every table of every schema of ours as text, bytes as what they spell."""
    with psycopg.connect(dsn) as connection:
        names = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        found = {}
        for (name,) in names:
            rows = connection.execute(f"SELECT * FROM {name}".encode()).fetchall()
            found[name] = "\n".join(str(value) for row in rows for value in row)
        assert len(found) > 15
        assert "booking.initiated.1" in found["ledger.event"]
        return found


def _queue(stage: Stage) -> dict[str, str]:
    client = redis.Redis.from_url(stage.settings.redis_url)
    found = {}
    for key in client.scan_iter():
        kind = client.type(key)
        content: object = ""
        if kind == b"hash":
            content = client.hgetall(key)
        elif kind == b"list":
            content = client.lrange(key, 0, -1)
        elif kind == b"string":
            content = client.get(key)
        found[key.decode()] = f"{key!r} {content!r}"
    client.close()
    return found


def _found(stores: dict[str, str], needles: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, needle) for name, text in stores.items() for needle in needles if needle in text]
