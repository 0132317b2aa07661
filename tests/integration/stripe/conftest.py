"""One simulator process for all tests; every test starts with no fault armed."""

from collections.abc import AsyncIterator, Iterator

import pytest
import stripe

from infrastructure.stripe.gateway import StripePaymentGateway
from tests.integration.stripe.receiver import WebhookReceiver
from tests.support.stripe_simulator import UNLIMITED, StripeSimulator


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[StripeSimulator]:
    with StripeSimulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(running_simulator: StripeSimulator) -> Iterator[StripeSimulator]:
    yield running_simulator
    running_simulator.control("faults", "DELETE")
    running_simulator.control("rules", "DELETE")


@pytest.fixture
async def gateway(simulator: StripeSimulator) -> AsyncIterator[StripePaymentGateway]:
    adapter = StripePaymentGateway(
        api_key=simulator.api_key, base_url=simulator.url, timeout_seconds=60, limits=UNLIMITED
    )
    yield adapter
    await adapter.close()


@pytest.fixture
async def sdk(simulator: StripeSimulator) -> AsyncIterator[stripe.StripeClient]:
    transport = stripe.AIOHTTPClient(timeout=60)
    yield stripe.StripeClient(
        simulator.api_key,
        base_addresses={"api": simulator.url},
        http_client=transport,
        max_network_retries=0,
    )
    await transport.close_async()  # type: ignore[no-untyped-call]  # untyped in the SDK


@pytest.fixture
async def receiver(sdk: stripe.StripeClient) -> AsyncIterator[WebhookReceiver]:
    """Yield a webhook endpoint of this test, registered with the simulator."""
    listening = await WebhookReceiver.start()
    endpoint = await sdk.v1.webhook_endpoints.create_async(
        {"url": listening.url, "enabled_events": ["*"]}
    )
    assert endpoint.secret is not None
    listening.secret = endpoint.secret
    yield listening
    await sdk.v1.webhook_endpoints.delete_async(endpoint.id)
    await listening.stop()
