"""The simulator inside a process, without a port: the application object is enough."""

from collections.abc import AsyncIterator

import httpx
import pytest

from infrastructure.stripe_simulator.app import create_app
from infrastructure.stripe_simulator.configuration import Configuration

FORM = {
    "mode": "payment",
    "success_url": "http://shop.test/paid",
    "cancel_url": 'http://shop.test/back?"><script>',
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "sar",
    "line_items[0][price_data][unit_amount]": "50000",
    "line_items[0][price_data][product_data][name]": "<b>Fare</b>",
}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    configuration = Configuration(api_keys=("sk_test_a", "sk_test_b"), public_url="http://pay.test")
    transport = httpx.ASGITransport(create_app(configuration))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://pay.test", auth=("sk_test_b", "")
    ) as client:
        yield client


async def test_the_page_shows_and_accepts_a_payment(client: httpx.AsyncClient) -> None:
    session = (await client.post("/v1/checkout/sessions", data=FORM)).json()
    assert session["url"] == f"http://pay.test/c/pay/{session['id']}"
    page = await client.get(session["url"])
    assert "500.00 SAR" in page.text
    assert "<script>" not in page.text
    assert "<b>Fare" not in page.text
    paid = await client.post(session["url"] + "/pay", data={"email": "sara@example.com"})
    assert (paid.status_code, paid.headers["location"]) == (303, "http://shop.test/paid")
    after = (await client.get(f"/v1/checkout/sessions/{session['id']}")).json()
    assert after["customer_details"]["email"] == "sara@example.com"


async def test_an_unknown_page_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get("/c/pay/cs_test_none")).status_code == 404
    assert (await client.get("/elsewhere")).status_code == 404
    session = (await client.post("/v1/checkout/sessions", data=FORM)).json()
    assert (await client.get(session["url"] + "/pay")).status_code == 405


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/relative", "ftp://shop.test/x", "http:"])
async def test_only_web_addresses_lead_back(client: httpx.AsyncClient, url: str) -> None:
    for name in ("success_url", "cancel_url"):
        answer = await client.post("/v1/checkout/sessions", data={**FORM, name: url})
        assert answer.json()["error"]["code"] == "url_invalid"


@pytest.mark.parametrize(
    ("control", "body"),
    [
        ("faults", {"kind": "earthquake"}),
        ("rules", {"action": "drop", "typo": 1}),
        ("clock", {"seconds": -5}),
        ("attempts", {"session": "cs_test_none"}),
        ("nothing", {}),
    ],
)
async def test_an_invalid_control_request_is_refused(
    client: httpx.AsyncClient, control: str, body: dict[str, object]
) -> None:
    assert (await client.post(f"/_control/{control}", json=body)).status_code in (400, 404)


async def test_one_fault_takes_the_place_of_all_others(client: httpx.AsyncClient) -> None:
    for times in (3, 4):
        await client.post("/_control/faults", json={"kind": "refuse", "times": times})
    replaced = await client.put("/_control/faults", json={"kind": "refuse", "status": 503})
    assert replaced.json() == {"armed": 1}
    assert (await client.get("/v1/balance")).status_code == 503
    assert (await client.get("/v1/balance")).status_code == 200


async def test_a_lost_connection_is_lost_in_process_too(client: httpx.AsyncClient) -> None:
    await client.post("/_control/faults", json={"kind": "lost", "path": "/v1/balance"})
    with pytest.raises(ConnectionResetError):
        await client.get("/v1/balance")
    assert (await client.get("/v1/balance")).status_code == 200
