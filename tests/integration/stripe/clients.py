"""Our adapter and Stripe's SDK, speaking to a simulator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import stripe

from infrastructure.stripe.gateway import StripePaymentGateway
from tests.support.stripe_simulator import UNLIMITED, StripeSimulator


@asynccontextmanager
async def gateway_to(simulator: StripeSimulator) -> AsyncIterator[StripePaymentGateway]:
    """The adapter, without a limit of calls."""
    adapter = StripePaymentGateway(
        api_key=simulator.api_key, base_url=simulator.url, timeout_seconds=60, limits=UNLIMITED
    )
    yield adapter
    await adapter.close()


@asynccontextmanager
async def sdk_to(simulator: StripeSimulator) -> AsyncIterator[stripe.StripeClient]:
    """The SDK, which repeats nothing by itself."""
    transport = stripe.AIOHTTPClient(timeout=60)
    yield stripe.StripeClient(
        simulator.api_key,
        base_addresses={"api": simulator.url},
        http_client=transport,
        max_network_retries=0,
    )
    await transport.close_async()  # type: ignore[no-untyped-call]  # untyped in the SDK
