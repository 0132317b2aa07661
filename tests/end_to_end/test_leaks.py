"""Personal data is nowhere in clear but in the letter: not in a table, a log line or the queue."""

import httpx
import psycopg
import redis

from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.running_system import System

FIRST, LAST, EMAIL, PHONE = "Qamarzaman", "Undiscoverable", "qamar@leak.example", "+966512345678"
BORN = "1931-07-29"
ARABIC = "قمرالزمان"
pytestmark = running_system.EACH_FORM
SECRETS = (FIRST, LAST, EMAIL, PHONE, BORN, ARABIC)


async def test_names_and_addresses_are_found_in_no_store_and_no_log(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    body = customers.booking_body(running_system.schedule(system, seats=2))
    body["passengers"][0].update(firstName=FIRST, lastName=LAST, birthDate=BORN, arabicName=ARABIC)
    body["contact"] = {"email": EMAIL, "phone": PHONE}
    headers = {**customer.headers, "Idempotency-Key": "leak"}
    made = await client.post("/api/bookings", json=body, headers=headers)
    booking = made.json()["id"]
    session = (await customer.send_checkout(booking)).json()
    await customers.press(session["checkoutUrl"], "pay")
    await customer.becomes(booking, "confirmed")
    bad = {**body, "passengers": [{**body["passengers"][0], "type": "ELF"}]}
    refused = await client.post("/api/bookings", json=bad, headers=headers)
    assert refused.status_code == 400
    account = {"email": customer.email, "password": customers.PASSWORD}
    phone = {"user-agent": f"App/7 ({LAST}'s phone)"}
    tokens = (await client.post("/api/auth/mobile-login", json=account, headers=phone)).json()
    by_refresh = {"authorization": f"Bearer {tokens['refreshToken']}"}
    successor = (await client.post("/api/auth/refresh", headers=by_refresh)).json()
    macs = (each["refreshToken"].rpartition(".")[2] for each in (tokens, successor))
    needles = (*SECRETS, customer.email, *macs)
    assert found_in(tables(system.owner_dsn), needles) == []
    logs = {path.name: path.read_text() for path in (system.folder / "logs").iterdir()}
    assert len(logs) >= len(system.processes)
    assert found_in(logs, needles) == []
    if system.settings.redis_url is not None:
        assert found_in(_queue(system.settings.redis_url), needles) == []


def tables(dsn: str) -> dict[str, str]:
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


def _queue(redis_url: str) -> dict[str, str]:
    client = redis.Redis.from_url(redis_url)
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


def found_in(stores: dict[str, str], needles: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, needle) for name, text in stores.items() for needle in needles if needle in text]
