"""One simulator process for all tests; every test starts with no fault armed."""

from collections.abc import AsyncIterator, Iterator

import pytest
import stripe

from infrastructure.stripe.gateway import StripePaymentGateway
from tests.integration.stripe import clients
from tests.integration.stripe.receiver import WebhookReceiver
from tests.support.stripe_simulator import StripeSimulator


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[StripeSimulator]:
    with StripeSimulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(running_simulator: StripeSimulator) -> Iterator[StripeSimulator]:
    # The log of requests is bounded, and tests count what they have sent.
    running_simulator.control("requests", "DELETE")
    yield running_simulator
    running_simulator.control("faults", "DELETE")
    running_simulator.control("rules", "DELETE")


@pytest.fixture
async def gateway(simulator: StripeSimulator) -> AsyncIterator[StripePaymentGateway]:
    async with clients.gateway_to(simulator) as adapter:
        yield adapter


@pytest.fixture
async def sdk(simulator: StripeSimulator) -> AsyncIterator[stripe.StripeClient]:
    async with clients.sdk_to(simulator) as client:
        yield client


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
