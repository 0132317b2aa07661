"""An independent emulator of Stripe agrees with our simulator, by the product's own SDK set-up.

localstripe (PyPI) is a process of its own; `.ci/run` installs it beside
`tests/support/localstripe/requirements.lock`, and without it these tests are skipped. It has no
Checkout, currency rules, fees or limits of refunds, and forgets idempotency keys: it judges
PaymentIntents, partial capture, refunds and signatures only.
"""

import contextlib
import datetime as dt
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from application.payment import gateway as port
from infrastructure.stripe import objects, webhook
from infrastructure.stripe.calls import Endpoint, StripeCalls
from infrastructure.stripe.pace import Pace
from tests.integration.stripe.receiver import Arrival, WebhookReceiver
from tests.support.stripe_simulator import UNLIMITED, StripeSimulator

FOLDER = Path(__file__).resolve().parents[2] / "support" / "localstripe"
PYTHON = FOLDER / ".venv" / "bin" / "python"
SECRET = "whsec_cross_check"
# Its own command listens on every interface and writes the account to a file.
PROGRAM = """
import json, socket
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda _: None
listener = socket.create_server(("127.0.0.1", 0))
print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
web.run_app(server.app, sock=listener, print=None, access_log=None)
"""

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="localstripe is not installed")

CREATE_INTENT = Endpoint("post", "/v1/payment_intents", dict[str, Any])
CONFIRM_INTENT = Endpoint("post", "/v1/payment_intents/{id}/confirm", dict[str, Any])
CAPTURE_INTENT = Endpoint("post", "/v1/payment_intents/{id}/capture", dict[str, Any])
CANCEL_INTENT = Endpoint("post", "/v1/payment_intents/{id}/cancel", dict[str, Any])
READ_INTENT = Endpoint("get", "/v1/payment_intents/{id}", dict[str, Any])
READ_CHARGE = Endpoint("get", "/v1/charges/{id}", dict[str, Any])
CREATE_REFUND = Endpoint("post", "/v1/refunds", dict[str, Any])
READ_REFUND = Endpoint("get", "/v1/refunds/{id}", objects.Refund)


class Emulator:
    """One of the two, with calls as the product makes them."""

    def __init__(self, name: str, url: str, api_key: str) -> None:
        self.name = name
        self.url = url
        self.calls = StripeCalls(
            api_key=api_key, base_url=url, timeout_seconds=30, pace=Pace(UNLIMITED)
        )

    async def send(
        self, endpoint: Endpoint[Any], object_id: str | None = None, **params: Any
    ) -> Any:
        """Send the request; return the decoded answer."""
        return (await self.calls.send(endpoint, object_id, params=params)).content

    async def listen(self, receiver: WebhookReceiver) -> str | None:
        """Let the receiver get the successes of intents, signed with its secret.

        Return the id of the endpoint that is to be deleted.
        """
        receiver.secret = SECRET
        if self.name == "localstripe":
            body = {"url": receiver.url, "secret": SECRET, "events": ["payment_intent.succeeded"]}
            async with httpx.AsyncClient() as client:
                answer = await client.post(f"{self.url}/_config/webhooks/cross", json=body)
            assert answer.status_code == 200, answer.text
            return None
        endpoint = await self.send(
            Endpoint("post", "/v1/webhook_endpoints", dict[str, Any]),
            url=receiver.url,
            enabled_events=["payment_intent.succeeded"],
        )
        receiver.secret = endpoint["secret"]
        return str(endpoint["id"])


@pytest.fixture(scope="module")
def localstripe() -> Iterator[str]:
    process = subprocess.Popen(
        [str(PYTHON), "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
    )
    assert process.stdout is not None
    yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
    process.terminate()
    process.wait(timeout=10)
    process.stdout.close()


@pytest.fixture
async def emulators(
    localstripe: str, simulator: StripeSimulator
) -> AsyncIterator[tuple[Emulator, Emulator]]:
    found = (
        Emulator("simulator", simulator.url, simulator.api_key),
        Emulator("localstripe", localstripe, "sk_test_cross_check"),
    )
    async with contextlib.AsyncExitStack() as stack:
        for each in found:
            stack.push_async_callback(each.calls.close)
        yield found


def intent_facts(intent: dict[str, Any]) -> dict[str, Any]:
    """Return what the product reads of an intent, and that there is a charge or none."""
    read = ("object", "status", "amount", "currency", "capture_method", "metadata")
    facts = {name: intent[name] for name in read}
    return {**facts, "charged": intent["latest_charge"] is not None}


def charge_id(intent: dict[str, Any]) -> str:
    """Return the id of the charge, which may be there whole."""
    charge = intent["latest_charge"]
    return str(charge["id"] if isinstance(charge, dict) else charge)


METADATA = {"booking": "b", "payment": "p", "attempt": "a"}


@pytest.mark.parametrize(("currency", "amount"), [("sar", 50_000), ("kwd", 45_120), ("jpy", 9_000)])
async def test_a_payment_is_created_and_confirmed_alike(
    emulators: tuple[Emulator, Emulator], currency: str, amount: int
) -> None:
    seen = []
    for each in emulators:
        made = await each.send(
            CREATE_INTENT,
            amount=amount,
            currency=currency,
            payment_method="pm_card_visa",
            metadata=METADATA,
        )
        paid = await each.send(CONFIRM_INTENT, made["id"])
        read = await each.send(READ_INTENT, made["id"])
        charge = await each.send(READ_CHARGE, charge_id(read))
        taken = (charge["status"], charge["captured"], charge["amount"], charge["currency"])
        seen.append((intent_facts(made), intent_facts(paid), intent_facts(read), taken))
    assert seen[0] == seen[1]
    assert [facts["status"] for facts in seen[0][:3]] == [
        "requires_confirmation",
        "succeeded",
        "succeeded",
    ]


async def authorised(emulator: Emulator) -> dict[str, Any]:
    """An intent whose money is held and not captured."""
    return await emulator.send(
        CREATE_INTENT,
        amount=50_000,
        currency="sar",
        payment_method="pm_card_visa",
        capture_method="manual",
        confirm="true",
    )


async def test_a_part_is_captured_alike_and_the_rest_released(
    emulators: tuple[Emulator, Emulator],
) -> None:
    seen = []
    for each in emulators:
        held = await authorised(each)
        taken = await each.send(CAPTURE_INTENT, held["id"], amount_to_capture=20_000)
        charge = await each.send(READ_CHARGE, charge_id(taken))
        seen.append((intent_facts(held), intent_facts(taken), charge["captured"]))
    assert seen[0] == seen[1]
    assert (seen[0][0]["status"], seen[0][1]["status"]) == ("requires_capture", "succeeded")


async def test_an_authorisation_is_cancelled_alike(emulators: tuple[Emulator, Emulator]) -> None:
    seen = []
    for each in emulators:
        held = await authorised(each)
        seen.append(intent_facts(await each.send(CANCEL_INTENT, held["id"])))
    assert seen[0] == seen[1]
    assert seen[0]["status"] == "canceled"


async def test_a_part_is_refunded_alike(emulators: tuple[Emulator, Emulator]) -> None:
    seen = []
    for each in emulators:
        paid = await each.send(
            CREATE_INTENT,
            amount=50_000,
            currency="sar",
            payment_method="pm_card_visa",
            confirm="true",
        )
        made = await each.send(
            CREATE_REFUND, payment_intent=paid["id"], amount=12_000, metadata=METADATA
        )
        read = objects.provider_refund(await each.send(READ_REFUND, made["id"]))
        assert (read.payment_intent, read.charge) == (paid["id"], charge_id(paid))
        charge = await each.send(READ_CHARGE, charge_id(paid))
        seen.append(
            (read.status, read.amount, read.booking, read.payment, charge["amount_refunded"])
        )
    assert seen[0] == seen[1]
    assert (seen[0][0], seen[0][4]) == ("succeeded", 12_000)


async def test_a_declined_card_is_refused_alike(emulators: tuple[Emulator, Emulator]) -> None:
    codes = []
    for each in emulators:
        with pytest.raises(port.GatewayRejected) as caught:
            await each.send(
                CREATE_INTENT,
                amount=50_000,
                currency="sar",
                payment_method="pm_card_chargeCustomerFail",
                confirm="true",
            )
        codes.append(caught.value.code)
    assert codes == ["card_declined", "card_declined"]


async def arrival_about(intent: str, receiver: WebhookReceiver) -> Arrival:
    """Wait for the event of this intent: localstripe sends those of earlier tests late."""
    for count in range(1, 20):
        for arrival in await receiver.wait_for(count):
            if json.loads(arrival.body)["data"]["object"]["id"] == intent:
                return arrival
    raise AssertionError("the event did not come")


async def test_the_product_verifies_the_signatures_of_both(
    emulators: tuple[Emulator, Emulator], sdk: stripe.StripeClient
) -> None:
    for each in emulators:
        receiver = await WebhookReceiver.start()
        endpoint = await each.listen(receiver)
        paid = await each.send(
            CREATE_INTENT,
            amount=50_000,
            currency="sar",
            payment_method="pm_card_visa",
            confirm="true",
            metadata=METADATA,
        )
        arrival = await arrival_about(paid["id"], receiver)
        event = webhook.verify(
            arrival.body,
            arrival.signature,
            [receiver.secret],
            dt.datetime.now(dt.UTC),
            livemode=False,
        )
        assert (event.type, event.object_id) == ("payment_intent.succeeded", paid["id"])
        assert (event.booking, event.payment, event.attempt) == ("b", "p", "a")
        with pytest.raises(port.NotGenuine):
            webhook.verify(
                arrival.body + b" ",
                arrival.signature,
                [receiver.secret],
                dt.datetime.now(dt.UTC),
                livemode=False,
            )
        if endpoint is not None:
            await sdk.v1.webhook_endpoints.delete_async(endpoint)
        await receiver.stop()
