"""The deliveries of the webhook's benchmark are those of Stripe, each sent once."""

import datetime as dt

import msgspec

from domain.kernel import ids, money
from infrastructure.stripe import webhook as stripe_webhook
from tests.bench import webhook, webhook_clients
from tests.bench.webhook_sales import StripeSales

SECRET = "whsec_bench"
NOW = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)
BOOKING = ids.booking_stream("ABCDEF")
PAYMENT = ids.payment_stream(BOOKING, 1)
ATTEMPT = ids.attempt_id(PAYMENT, 1)


def _paid() -> StripeSales:
    stripe = StripeSales()
    stripe.pay(stripe.open(BOOKING, PAYMENT, ATTEMPT, money.Money(46_000, "SAR")))
    return stripe


def test_a_paid_sale_is_one_delivery_that_the_product_accepts_as_genuine() -> None:
    (body,) = _paid().deliveries
    request = webhook_clients.signed(body, SECRET, at=int(NOW.timestamp()))
    head, _, sent = request.partition(b"\r\n\r\n")
    signature = head.decode().partition("Stripe-Signature: ")[2].partition("\r\n")[0]
    event = stripe_webhook.verify(sent, signature, (SECRET,), NOW, livemode=False)
    assert event.type == "payment_intent.succeeded"
    assert event.supported
    assert event.expected_version
    assert (event.booking, event.payment, event.attempt) == (BOOKING, PAYMENT, ATTEMPT)


def test_stripe_knows_the_intent_of_each_delivery() -> None:
    stripe = _paid()
    event = msgspec.json.decode(stripe.deliveries[0])
    intent = stripe.account.intents.get(event["data"]["object"]["id"])
    assert (intent["status"], intent["amount_received"]) == ("succeeded", 46_000)


def test_every_delivery_is_sent_once_whatever_the_number_of_connections() -> None:
    requests = [b"%d" % number for number in range(10)]
    for clients in (1, 3, 10):
        deliveries = webhook_clients.Deliveries(requests, clients=clients)
        sent, open_connections = [], list(range(clients))
        while open_connections:
            index = open_connections.pop(0)
            sent.append(deliveries.request(index))
            if deliveries.take(index, b"200", 0.0, b""):
                open_connections.append(index)
        assert sorted(sent) == sorted(requests)
        assert deliveries.statuses == {"200": 10}


def test_the_ratio_of_the_webhook_is_the_median_of_the_rounds() -> None:
    case = webhook.case_of({"ours": [300, 900, 400], "reference": [100, 100, 200]})
    assert (case.ours, case.reference, case.ratio, case.holds) == (400, 100, 3.0, True)
