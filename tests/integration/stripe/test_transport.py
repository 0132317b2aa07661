"""What is sent to Stripe's address, over how many connections, and what odd servers answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from urllib.parse import unquote

import msgspec
import pytest

from application.payment import gateway as port
from infrastructure.stripe import backoff
from infrastructure.stripe.gateway import StripePaymentGateway
from infrastructure.stripe.version import API_VERSION
from tests.integration.stripe.test_gateway import checkout_request
from tests.support.stripe_simulator import UNLIMITED

SESSION = msgspec.json.encode(
    {
        "id": "cs_1",
        "object": "checkout.session",
        "status": "open",
        "payment_status": "unpaid",
        "expires_at": 1_800_000_000,
    }
)
KEY = "sk_test_stub"


class Stub:
    """A server that gives one answer to every request and notes requests and connections."""

    def __init__(self) -> None:
        self.status = 200
        self.body = SESSION
        self.headers: dict[str, str] = {"Content-Type": "application/json"}
        self.requests: list[tuple[str, Mapping[str, str], bytes]] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
                pairs = [line.partition(": ") for line in lines if line]
                headers = {name.lower(): value for name, _, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.requests.append((first, headers, body))
                writer.write(self._answer())
                await writer.drain()
        writer.close()

    def _answer(self) -> bytes:
        headers = {**self.headers, "Content-Length": str(len(self.body))}
        lines = [f"HTTP/1.1 {self.status} X", *(f"{name}: {headers[name]}" for name in headers)]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@pytest.fixture
async def stub() -> Stub:
    return Stub()


@pytest.fixture
async def gateway(stub: Stub) -> AsyncIterator[StripePaymentGateway]:
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    address, number = server.sockets[0].getsockname()
    adapter = StripePaymentGateway(
        api_key=KEY,
        base_url=f"http://{address}:{number}",
        timeout_seconds=60,
        limits=UNLIMITED,
    )
    yield adapter
    await adapter.close()
    server.close()


async def test_many_calls_one_after_another_share_one_connection(
    gateway: StripePaymentGateway, stub: Stub
) -> None:
    for _ in range(10):
        await gateway.session("cs_1")
        await gateway.open_checkout(checkout_request())
    assert (len(stub.requests), stub.connections) == (20, 1)


async def test_a_request_has_our_key_version_and_idempotency_key_and_no_report_of_others(
    gateway: StripePaymentGateway, stub: Stub
) -> None:
    request = checkout_request()
    await gateway.session("cs_1")
    await gateway.open_checkout(request)
    (read, _, _), (created, headers, body) = stub.requests
    assert unquote(read).startswith(
        "GET /v1/checkout/sessions/cs_1?expand[0]=payment_intent.latest_charge "
    )
    assert created.startswith("POST /v1/checkout/sessions ")
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["stripe-version"] == API_VERSION
    assert headers["idempotency-key"] == request.idempotency_key
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert b"line_items[0][price_data][unit_amount]=50000" in body
    assert "x-stripe-client-telemetry" not in headers
    assert "telemetry_id" not in headers["x-stripe-client-user-agent"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, port.GatewayTimeout),
        (302, port.GatewayUnavailable),
        (401, port.GatewayUnavailable),
        (403, port.GatewayUnavailable),
        (404, port.GatewayUnavailable),
        (407, port.GatewayUnavailable),
        (502, port.GatewayUnavailable),
        (429, port.GatewayNotExecuted),
    ],
)
async def test_the_page_of_a_proxy_refuses_nothing_and_no_redirect_is_followed(
    gateway: StripePaymentGateway,
    stub: Stub,
    status: int,
    expected: type[port.GatewayFailure],
) -> None:
    stub.status, stub.body = status, b"<html>\xff a proxy</html>"
    stub.headers = {"Content-Type": "text/html", "Location": "/elsewhere"}
    with pytest.raises(port.GatewayFailure) as caught:
        await gateway.open_checkout(checkout_request())
    assert isinstance(caught.value, expected)
    tries = backoff.TRIES_LIMIT if status == 429 else 1
    assert [line for line, _, _ in stub.requests] == ["POST /v1/checkout/sessions HTTP/1.1"] * tries
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"{}", b'{"error": "text"}', b'{"error": 1}'])
async def test_an_error_of_another_shape_is_one_of_our_failures(
    gateway: StripePaymentGateway, stub: Stub, body: bytes
) -> None:
    stub.status, stub.body = 500, body
    with pytest.raises(port.GatewayUnavailable):
        await gateway.session("cs_1")
