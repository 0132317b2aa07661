"""Whatever bytes come as a webhook, signed or not: recorded, stored, or refused with a reason."""

import asyncio
import datetime as dt
import json
import logging
from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.payment import stripe_event_types
from application.payment.gateway import NotGenuine
from application.payment.receive_event import EventReceiver
from infrastructure.stripe import webhook
from infrastructure.stripe.version import API_VERSION
from tests.support.memory_use_cases import MemoryVault
from tests.support.webhook_journey import INTENT, MemoryInbox, WebhookJourney

SECRET = "whsec_test"
NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
REASONS = {"too_old", "malformed_signature", "missing_signature", "no_v1_signature"}
REASONS |= {"signature_mismatch", "not_utf8", "not_an_event", "livemode", "account"}

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
# Members that we read, with any value or one that may be genuine.
words = st.sampled_from(
    [INTENT, "ch_1", "re_1", "succeeded", "failed", "pending", "sar", "kwd", "paid", "complete"]
)
amounts = st.integers(-(10**13), 10**13) | st.sampled_from([59_800, 0, 1])
MEMBERS = "id object status amount amount_received currency latest_charge payment_intent charge"
MEMBERS += " failure_reason payment_status metadata"
members = st.dictionaries(st.sampled_from(MEMBERS.split()), words | amounts | values)
types = st.sampled_from(sorted(stripe_event_types.SUPPORTED)) | st.text(max_size=20)


def event_of(name: str, about: dict[str, Any], own: dict[str, str], changed: Any) -> bytes:
    """An event about this object of our booking, with some of its members changed."""
    body = {
        "id": "evt_1",
        "object": "event",
        "type": name,
        "api_version": API_VERSION,
        "created": int(NOW.timestamp()),
        "livemode": False,
        "data": {"object": {"id": INTENT, "object": "payment_intent", "metadata": own, **about}},
    }
    return json.dumps({**body, **changed}).encode()


def received(body: bytes, signature: str | None, journey: WebhookJourney) -> str:
    """What becomes of the request: fresh, duplicate or resumed, or the reason of the refusal."""
    receiver = EventReceiver(
        inbox=MemoryInbox(),
        vault=MemoryVault(),
        bus=journey.bus,
        verify=lambda body, signature: webhook.verify(
            body, signature, [SECRET], NOW, livemode=False
        ),
    )
    try:
        return asyncio.run(receiver.receive(body, signature))
    except NotGenuine as refused:
        return refused.reason


def signed(body: bytes) -> str:
    """The signature of this JSON, which is ASCII."""
    instant = int(NOW.timestamp())
    return stripe.WebhookSignature.generate_signature_header(body.decode(), SECRET, instant)


@given(body=st.binary() | values.map(lambda value: json.dumps(value).encode()), header=st.text())
def test_bytes_without_a_signature_of_ours_are_refused_with_a_reason(
    body: bytes, header: str
) -> None:
    journey = WebhookJourney(currency="SAR", fare=50_000)
    for signature in (None, "", header, f"t={int(NOW.timestamp())},v1={header}"):
        assert received(body, signature, journey) in REASONS


@given(value=values)
def test_signed_json_that_is_no_event_is_refused(value: Any) -> None:
    body = json.dumps(value).encode()
    journey = WebhookJourney(currency="SAR", fare=50_000)
    assert received(body, signed(body), journey) == "not_an_event"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=types, about=members, changed=st.dictionaries(st.text(), values, max_size=2))
def test_signed_events_of_any_content_are_recorded_or_stored_and_break_nothing(
    caplog: pytest.LogCaptureFixture, name: str, about: dict[str, Any], changed: dict[str, Any]
) -> None:
    journey = WebhookJourney(currency="SAR", fare=50_000)
    own = {
        "booking": journey.booking,
        "payment": journey.payment,
        "attempt": f"{journey.payment}-a1",
    }
    body = event_of(name, about, own, changed)
    caplog.clear()
    with caplog.at_level(logging.ERROR):
        found = received(body, signed(body), journey)
    assert found in {"fresh", "not_an_event"}
    assert [each.getMessage() for each in caplog.records] == []
