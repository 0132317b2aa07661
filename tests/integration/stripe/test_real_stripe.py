"""One smoke test against Stripe's own test mode; runs only where a test key is given.

It has not run yet: it needs the network and `AIS_STRIPE_SMOKE_KEY=sk_test_…`.
"""

import os

import pytest

from infrastructure.stripe.gateway import StripePaymentGateway
from infrastructure.stripe.pace import Limits
from interfaces.settings import STRIPE_LIMIT_ENDPOINT, STRIPE_LIMIT_SANDBOX
from tests.integration.stripe.test_gateway import checkout_request, sessions_of

SANDBOX = Limits(account=STRIPE_LIMIT_SANDBOX, endpoint=STRIPE_LIMIT_ENDPOINT)
KEY = os.environ.get("AIS_STRIPE_SMOKE_KEY", "")


@pytest.mark.skipif(not KEY.startswith("sk_test_"), reason="no key of Stripe's test mode given")
async def test_stripe_itself_opens_replays_finds_and_expires_a_session() -> None:
    gateway = StripePaymentGateway(api_key=KEY, base_url=None, timeout_seconds=20, limits=SANDBOX)
    try:
        request = checkout_request(locale="ar")
        opened = await gateway.open_checkout(request)
        assert (await gateway.open_checkout(request)).id == opened.id
        assert [each.id for each in await sessions_of(gateway, request.attempt)] == [opened.id]
        assert (await gateway.expire_session(opened.id)).status == "expired"
        assert (await gateway.expire_session(opened.id)).status == "expired"
    finally:
        await gateway.close()
