"""Bodies, keys, headers and parameters that no honest client sends, at the running server."""

import asyncio
import json
import re
import secrets
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

MEMBERS = {"code", "message", "correlationId", "retryable", "details"}
SEARCH = "/api/flights/search"
SEARCHED = {"from": "RUH", "to": "JED", "date": "2030-01-01"}
GIFT_CARDS = "/api/gift-cards"
BIG = 40_000


def refused(answer: httpx.Response, status: int = 400, field: str | None = None) -> dict[str, Any]:
    """The details of a refusal in the form of the contract."""
    found: dict[str, Any] = answer.json()
    assert (answer.status_code, found["code"]) == (status, "VALIDATION_ERROR"), answer.text
    assert set(found) == MEMBERS
    assert found["correlationId"] == answer.headers["x-correlation-id"]
    assert field is None or found["details"]["field"] == field, answer.text
    details: dict[str, Any] = found["details"]
    return details


async def send(who: Customer, path: str, content: bytes, **headers: str) -> httpx.Response:
    """A POST of these bytes."""
    given = {"content-type": "application/json", "idempotency-key": secrets.token_hex(8)}
    return await who.client.post(path, content=content, headers={**who.headers, **given, **headers})


@pytest.mark.parametrize(
    "key", [None, "", '""', "x" * 256, "a b", "a\tb", "a\x7fb", "a\x80b", "\u0645"]
)
async def test_a_key_of_another_form_or_none_is_refused(
    system: System, client: httpx.AsyncClient, customer: Customer, key: str | None
) -> None:
    """Fault row 30: missing, empty, too long, or with control and other characters."""
    flight = running_system.schedule(system, seats=2)
    headers = [(name, value.encode()) for name, value in customer.headers.items()]
    if key is not None:
        headers.append(("idempotency-key", key.encode()))
    body = customers.booking_body(flight)
    answer = await client.post("/api/bookings", json=body, headers=headers)
    # A control character is refused by the parser already, which names no field.
    refused(answer, field="" if key == "a\x7fb" else "Idempotency-Key")
    assert stored_log.tags(system.owner_dsn, flight) == ["flight.scheduled.1"]


async def test_the_key_of_another_user_is_another_key(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 30: two users with one key book twice, and neither sees the other's answer."""
    flight = running_system.schedule(system, seats=2)
    other = await customers.register(client)
    made = [await each.send_booking(flight, key="one") for each in (customer, other)]
    assert [each.status_code for each in made] == [201, 201]
    assert made[0].json()["id"] != made[1].json()["id"]
    assert "idempotency-replayed" not in made[1].headers


async def test_a_refused_key_is_decided_again_once_there_is_a_seat(
    system: System, customer: Customer
) -> None:
    """Fault row 31: after a refusal the same key is decided again."""
    flight = running_system.schedule(system, seats=1)
    first = await customer.reserved([flight])
    sold_out = await customer.send_booking(flight, key="again")
    assert sold_out.json()["code"] == "SEATS_UNAVAILABLE"
    await customer.cancelled(first["id"])
    made = await customer.send_booking(flight, key="again")
    assert made.status_code == 201
    assert "idempotency-replayed" not in made.headers
    again = await customer.send_booking(flight, key="again")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["id"] == made.json()["id"]


async def test_a_key_after_a_failure_of_the_provider_makes_one_session(
    system: System, customer: Customer
) -> None:
    """Fault row 31: after a 5xx the same key finishes what was begun."""
    booking = (await customer.reserved([running_system.schedule(system, seats=1)]))["id"]
    running_system.control(system, "faults", kind="refuse", status=503, times=100)
    failed = await customer.send_checkout(booking, key="once")
    assert failed.status_code in (502, 504)
    assert failed.json()["retryable"] is True
    running_system.disarm(system)
    async with asyncio.timeout(stored_log.WAIT_SECONDS):
        while not (opened := await customer.send_checkout(booking, key="once")).is_success:
            assert opened.json()["retryable"] is True, opened.text
            await asyncio.sleep(0.1)
    again = await customer.send_checkout(booking, key="once")
    assert again.json()["sessionId"] == opened.json()["sessionId"]
    await customers.press(opened.json()["checkoutUrl"], "pay")
    await customer.becomes(booking, "confirmed")


async def test_a_large_body_is_refused_in_one_piece_and_in_many(customer: Customer) -> None:
    """Fault row 32: beyond the limit by its declared length, and in chunks."""
    body = json.dumps({**customers.booking_body("flight-x"), "mode": "x" * BIG}).encode()
    refused(await send(customer, "/api/bookings", body), 413)

    async def chunks() -> Any:
        for start in range(0, len(body), 1_000):
            yield body[start : start + 1_000]

    headers = {**customer.headers, "content-type": "application/json", "idempotency-key": "k"}
    answer = await customer.client.post("/api/bookings", content=chunks(), headers=headers)
    refused(answer, 413)


@pytest.mark.parametrize(
    ("content", "field", "reason"),
    [
        # Fault row 33.
        (b'{"from":"RUH","to":"J\xff","date":"2030-01-01"}', "", "not UTF-8"),
        (b'{"from":"RUH","to":"\xed\xa0\x80","date":"2030-01-01"}', "", "not UTF-8"),
        (json.dumps(SEARCHED).encode("utf-16"), "", None),
        (b"\xef\xbb\xbf" + json.dumps(SEARCHED).encode(), "", None),
        # Fault row 37.
        (b'{"from":"RUH","from":"JED","to":"JED","date":"2030-01-01"}', "from", "more than once"),
        (b'{"from":"RUH","to":"JED","date":"2030-01-01","x":1}', "x", "unknown"),
        (b'{"from":"RUH","to":"JED","date":"2030-01-01","FROM":"x"}', "FROM", "unknown"),
    ],
)
async def test_a_body_that_can_be_read_in_two_ways_is_refused(
    client: httpx.AsyncClient, content: bytes, field: str, reason: str | None
) -> None:
    """Fault row 33: other encodings than UTF-8. Fault row 37: members twice, and unknown ones."""
    details = refused(await send(Customer(client, {}), SEARCH, content), field=field)
    assert reason is None or reason in details["reason"]


@pytest.mark.parametrize("place", ["firstName", "lastName", "email", "phone"])
async def test_nul_is_refused_in_every_text(system: System, customer: Customer, place: str) -> None:
    """Fault row 34: what Postgres cannot store; escaped, and as a bare byte."""
    body = customers.booking_body(running_system.schedule(system, seats=1))
    body["contact"]["phone"] = "+966512345678"
    part = body["contact"] if place in ("email", "phone") else body["passengers"][0]
    part[place] = "No\u0000ura"
    escaped = json.dumps(body).encode()
    details = refused(await send(customer, "/api/bookings", escaped))
    assert details["field"].endswith(place)
    refused(await send(customer, "/api/bookings", escaped.replace(b"\\u0000", b"\x00")))


async def test_nul_is_refused_in_words_that_follow_no_other_rule(customer: Customer) -> None:
    """Fault row 34: a message may say anything, so nothing but the reader of bodies refuses it."""
    recipient = {"name": "Sara", "email": "a@example.com", "senderName": "Layla", "message": "Hi!"}
    amount = {"amount": 10_000, "currency": "SAR"}
    body = {"amount": amount, "email": "a@example.com", "recipient": recipient}
    assert (await send(customer, GIFT_CARDS, json.dumps(body).encode())).status_code == 201
    recipient["message"] = "Hi\u0000!"
    escaped = json.dumps(body).encode()
    refused(await send(customer, GIFT_CARDS, escaped), field="recipient.message")
    refused(await send(customer, GIFT_CARDS, escaped.replace(b"\\u0000", b"\x00")))


async def _amount(customer: Customer, literal: str) -> httpx.Response:
    content = '{"amount":{"amount":' + literal + ',"currency":"SAR"},"email":"a@example.com"}'
    return await send(customer, GIFT_CARDS, content.encode())


@pytest.mark.parametrize(
    "literal", ["0", "-1", str(2**53), str(2**63), str(-(2**63)), str(2**64), "9" * 400, "-0"]
)
async def test_an_amount_out_of_bounds_is_refused(customer: Customer, literal: str) -> None:
    """Fault row 35: zero, negative, and more than fits."""
    answer = await _amount(customer, literal)
    details = refused(answer)
    assert details["field"].startswith("amount")
    assert "9999" not in f"{answer.json()['message']} {details}"


@pytest.mark.parametrize("passengers", ["0", "-1", "10", str(2**63), "9" * 400])
async def test_a_count_out_of_bounds_is_refused(client: httpx.AsyncClient, passengers: str) -> None:
    """Fault row 35: passengers of a search."""
    content = json.dumps(SEARCHED)[:-1] + f',"passengers":{passengers}}}'
    refused(await send(Customer(client, {}), SEARCH, content.encode()), field="passengers")


@pytest.mark.parametrize(
    "literal",
    [
        *("10000.0", '"10000"', "true", "null", "1e4", "1E4", "10000.5", "[10000]", "{}"),
        *("NaN", "Infinity", "-Infinity", "010000", "+10000", "0x2710", "1_0000", "\u0661\u0660"),
    ],
)
async def test_an_amount_of_another_form_is_refused(customer: Customer, literal: str) -> None:
    """Fault row 36: an amount is an integer of minor units, written as one."""
    refused(await _amount(customer, literal))


@pytest.mark.parametrize(
    "kind",
    [
        *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"),
        *("", "application/json, text/plain", "application/jsonp", "text/json"),
        *("application/json; charset=utf-16", "application/problem+json"),
    ],
)
async def test_what_a_form_of_another_site_can_send_is_refused(
    system: System, customer: Customer, kind: str
) -> None:
    """Fault row 38: JSON under a type that needs no preflight, or another."""
    flight = running_system.schedule(system, seats=1)
    body = json.dumps(customers.booking_body(flight)).encode()
    refused(await send(customer, "/api/bookings", body, **{"content-type": kind}), 415)
    assert stored_log.tags(system.owner_dsn, flight) == ["flight.scheduled.1"]


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate", "gzip, gzip", "x"])
async def test_a_compressed_body_is_not_unpacked(customer: Customer, encoding: str) -> None:
    """Fault row 39: what would grow when it is unpacked."""
    answer = await send(
        customer, "/api/bookings", b"\x1f\x8b" * 9, **{"content-encoding": encoding}
    )
    refused(answer, 415)


async def test_deep_and_wide_bodies_cost_no_memory(system: System, customer: Customer) -> None:
    """Fault row 39: nesting as deep as fits, and as many members as fit."""
    statm = Path(f"/proc/{running_system.process(system, 'web').pid}/statm")
    deep = [b"[" * 32_000, b'{"a":' * 6_000, b"[" * 16_000 + b"]" * 16_000]
    wide = b"{%s}" % b",".join(b'"%d":1' % number for number in range(3_000))
    within = b'{"passengers":%s}' % (b"[" * 10_000 + b"]" * 10_000)
    escaped = b'{"mode":"\\u0068","x":%s}' % (b"[" * 10_000 + b"]" * 10_000)
    for content in (*deep, wide, within, escaped):
        refused(await send(customer, "/api/bookings", content))
    before = _resident_pages(statm)
    for content in (*deep, wide, within, escaped) * 10:
        refused(await send(customer, "/api/bookings", content))
    assert _resident_pages(statm) - before < 5_000


def _resident_pages(statm: Path) -> int:
    return int(statm.read_text().split()[1])


async def test_a_body_that_comes_too_slowly_times_out(system: System, customer: Customer) -> None:
    """Fault row 39: the rest of the body never comes."""
    url = httpx.URL(system.base_url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = [
        "POST /api/bookings HTTP/1.1",
        "Host: airline.example",
        f"Authorization: {customer.headers['Authorization']}",
        "Content-Type: application/json",
        "Idempotency-Key: slow",
        "Content-Length: 1000",
    ]
    writer.write("\r\n".join(head).encode() + b'\r\n\r\n{"flightId":')
    async with asyncio.timeout(stored_log.WAIT_SECONDS):
        answer = await reader.read(65_536)
        # The head may arrive by itself.
        while not answer.partition(b"\r\n\r\n")[2]:
            answer += await reader.read(65_536)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "REQUEST_TIMEOUT"


@pytest.mark.parametrize(
    "currency", ["XTS", "sar", "SA", "SARR", "", "ZZZ", "\u0633.\u0631", "XAU", "USD\n"]
)
async def test_an_unknown_currency_is_refused(customer: Customer, currency: str) -> None:
    """Fault row 40: no such currency, or none of ours."""
    body = {"amount": {"amount": 40_000, "currency": currency}, "email": "a@example.com"}
    details = refused(await send(customer, GIFT_CARDS, json.dumps(body).encode()))
    assert details["field"].startswith("amount")


NAMES = (
    "N\u043eura",  # a Cyrillic letter that looks like an o
    "\u202eNoura",
    "Nou\u200bra",
    "\u0646\u0648\u0631\u0629",
    "x" * 10_000,
    "Noura\nERROR forged line",
    "Noura\r\nERROR forged line",
    "Noura\u2028ERROR forged line",
    "Noura\x1b[2J",
    "${jndi:ldap://evil.example/a}",
    "'; DROP TABLE ledger.event; --",
    "<script>alert(1)</script>",
    "=1+1",
)


@pytest.mark.parametrize("name", NAMES)
async def test_an_odd_name_is_stored_as_it_is_or_refused_and_never_logged(
    system: System, customer: Customer, name: str
) -> None:
    """Fault row 41: look-alikes, other directions, length, and lines forged for the log."""
    body = customers.booking_body(running_system.schedule(system, seats=1))
    body["passengers"][0]["firstName"] = name
    content = json.dumps(body).encode()
    forged = {"user-agent": f"app {secrets.token_hex(4)} ERROR forged", "x-correlation-id": "a b"}
    answer = await send(customer, "/api/bookings", content, **forged)
    if answer.status_code == 201:
        found = await customer.booking(answer.json()["id"])
        assert found["passengers"][0]["firstName"] == name
    else:
        details = refused(answer)
        assert details["field"] in ("passengers[0].firstName", "")
        assert name not in answer.text
    logs = "".join(each.read_text() for each in (system.folder / "logs").iterdir())
    assert "forged" not in logs
    assert name[:200] not in logs


async def test_a_card_number_that_a_client_sends_is_never_logged(
    system: System, customer: Customer
) -> None:
    """In a name, a key, a query, a path, headers: the log has the number nowhere."""
    card = "4242424242424242"
    body = customers.booking_body(running_system.schedule(system, seats=1))
    body["passengers"][0]["firstName"] = card
    headers = {"user-agent": card, "x-correlation-id": card * 2, "referer": f"https://a/{card}"}
    await send(customer, "/api/bookings", json.dumps(body).encode(), **headers)
    answers = [
        await customer.client.get(f"/api/bookings/{card}", headers=customer.headers),
        await customer.client.get(f"/{card}", params={"card": card}, headers=headers),
        await customer.client.get(f"/api/flights/{card}"),
        await customer.client.get("/api/bookings", params={"cursor": card}),
        await send(customer, SEARCH, card.encode(), **{"idempotency-key": card}),
    ]
    assert {each.status_code for each in answers} <= {400, 401, 404}
    for path in (system.folder / "logs").iterdir():
        assert card[4:] not in path.read_text()


def _lists(document: dict[str, Any], wanted: str) -> list[str]:
    return [
        path
        for path, operations in document["paths"].items()
        for each in operations.get("get", {}).get("parameters", ())
        if each["in"] == "query" and each["name"] == wanted
    ]


def _is_a_stream(operation: dict[str, Any]) -> bool:
    return "text/event-stream" in operation["responses"]["200"].get("content", {})


async def _everybody(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> list[Customer]:
    roles = ("finance", "ops", "support", "gate", "auditor")
    return [*[await customers.staff(system, client, role) for role in roles], customer]


async def _asked(callers: list[Customer], path: str, query: dict[str, str]) -> httpx.Response:
    """The answer to the first of them who may ask."""
    target = re.sub(r"\{[^}]+\}", "0", path)
    for caller in callers:
        answer = await caller.client.get(target, headers=caller.headers, params=query)
        if answer.status_code != 403:
            return answer
    raise AssertionError(path)


async def test_pages_and_cursors_of_another_form_are_refused(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 42: every list with a page size or a cursor."""
    document = (await client.get("/schema/openapi.json")).json()
    callers = await _everybody(system, client, customer)
    sized, continued = _lists(document, "limit"), _lists(document, "cursor")
    assert len(sized) >= 3
    assert len(continued) >= 3
    sizes = ("0", "-1", "1000000000", "9" * 40, "1.5", "ten", "", "1;DROP TABLE x")
    cursors = ("x", "AAAA", "' OR 1=1 --", "$.a", "%", "9" * 400, "eyJhIjoxfQ==", "../x", "-1")
    for paths, name, values in ((sized, "limit", sizes), (continued, "cursor", cursors)):
        for path in paths:
            required = {
                each["name"]: "1000" if each["name"] == "account" else "2026-11-01"
                for each in document["paths"][path]["get"]["parameters"]
                if each["in"] == "query" and each.get("required")
            }
            for value in values:
                answer = await _asked(callers, path, {**required, name: value})
                assert answer.status_code in (400, 404), (path, name, value, answer.text)
                if answer.status_code == 400:
                    refused(answer)


async def test_filters_are_values_and_never_part_of_a_query(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 42: SQL and JSON paths in every parameter find nothing and break nothing."""
    document = (await client.get("/schema/openapi.json")).json()
    callers = await _everybody(system, client, customer)
    before = stored_log.head(system.owner_dsn)
    attacks = ("' OR '1'='1", "1); SELECT pg_sleep(9); --", "$.**", "{$ne: 1}", "%' --", "\\")
    asked = 0
    for path, operations in document["paths"].items():
        for each in operations.get("get", {}).get("parameters", ()):
            if each["in"] != "query" or path.startswith("/api/auth"):
                continue
            if _is_a_stream(operations["get"]):
                continue
            for attack in attacks:
                async with asyncio.timeout(8):
                    answer = await _asked(callers, path, {each["name"]: attack})
                assert answer.status_code < 500, (path, each["name"], attack, answer.text)
                asked += 1
    assert asked > 100
    assert stored_log.head(system.owner_dsn) == before


async def test_a_cancellation_and_a_payment_at_once_end_in_one_way(
    system: System, customer: Customer
) -> None:
    """Fault row 44: who is first wins, and the money follows."""
    for _ in range(6):
        flight = running_system.schedule(system, seats=1)
        booking = (await customer.reserved([flight]))["id"]
        session = await customer.on(booking, "checkout")
        quote = await customer.on(booking, "cancellation-quote", {})
        path = f"/api/bookings/{booking}/cancel"
        paying = customers.press(session["checkoutUrl"], "pay")
        cancelling = _post(customer, path, {"quoteId": quote["quoteId"]}, secrets.token_hex(8))
        _, cancelled = await asyncio.gather(paying, cancelling)
        assert cancelled.status_code in (200, 409, 410), cancelled.text
        await asyncio.to_thread(running_system.await_rest, system)
        tags = stored_log.tags(system.owner_dsn, booking)
        ended = (await customer.booking(booking))["status"]
        assert ended in ("confirmed", "cancelled", "refunded")
        assert (ended == "confirmed") == (not cancelled.is_success)
        assert tags.count("booking.cancelled.1") == (ended != "confirmed")
        balances = stored_log.balances(system.owner_dsn, booking)
        if ended != "confirmed":
            assert all(amount == 0 for amount in balances.values()), balances
    stored_log.assert_invariants(system.owner_dsn)


async def _post(who: Customer, path: str, body: Any, key: str) -> httpx.Response:
    headers = {**who.headers, "Idempotency-Key": key}
    return await who.client.post(path, json=body, headers=headers)


@pytest.mark.parametrize(
    ("keys", "quotes", "second"),
    [("ab", 2, {200, 409, 410}), ("ab", 1, {200}), ("aa", 1, {200})],
    ids=["two_quotes", "one_quote", "one_request_twice"],
)
async def test_two_cancellations_at_once_are_one(
    system: System, customer: Customer, keys: str, quotes: int, second: set[int]
) -> None:
    """Fault row 44: double cancel; what repeats the first gets its answer, another is refused."""
    booking = (await customer.confirmed([running_system.schedule(system, seats=1)]))["id"]
    path = f"/api/bookings/{booking}/cancel"
    made = [await customer.on(booking, "cancellation-quote", {}) for _ in range(quotes)]
    bodies = [{"quoteId": each["quoteId"]} for each in (made * 2)[:2]]
    answers = await asyncio.gather(
        *(_post(customer, path, body, key) for body, key in zip(bodies, keys, strict=True))
    )
    first, other = sorted(answers, key=lambda each: each.status_code)
    assert first.status_code == 200
    assert other.status_code in second, other.text
    await asyncio.to_thread(running_system.await_rest, system)
    assert stored_log.tags(system.owner_dsn, booking).count("booking.cancelled.1") == 1
    assert len((await customer.booking(booking))["refunds"]) == 1
    stored_log.assert_invariants(system.owner_dsn)


async def test_two_refunds_at_once_never_return_more_than_was_paid(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 44: double refund, and a refund of more than was captured."""
    finance = await customers.staff(system, client, "finance")
    booking = await customer.confirmed([running_system.schedule(system, seats=1)])
    path, total = f"/api/admin/bookings/{booking['id']}/refund", booking["total"]["amount"]
    most = await _post(finance, path, {"reason": "too much", "amount": total + 1}, "a")
    assert (most.status_code, most.json()["code"]) == (422, "REFUND_EXCEEDS_CAPTURED")
    body = {"reason": "broken seat", "amount": total}
    answers = await asyncio.gather(
        *(_post(finance, path, body, secrets.token_hex(8)) for _ in range(5))
    )
    statuses = sorted(each.status_code for each in answers)
    assert statuses[0] == 200
    assert set(statuses[1:]) <= {409, 422}, statuses
    assert {each.json()["code"] for each in answers if not each.is_success} <= {
        "REFUND_EXCEEDS_CAPTURED",
        "INVALID_STATE_TRANSITION",
    }
    await asyncio.to_thread(running_system.await_rest, system)
    stored_log.assert_invariants(system.owner_dsn)
    assert set(stored_log.balances(system.owner_dsn, booking["id"]).values()) == {0}
