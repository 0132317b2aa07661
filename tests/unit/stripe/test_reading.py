"""What is read of Stripe's objects: those of other integrations too, and no unknown status word."""

from typing import Any

import msgspec
import pytest

from application.payment.gateway import CheckoutSession, GatewayTimeout, GatewayUnreadable
from domain.kernel import money
from infrastructure.stripe import calls, objects
from infrastructure.stripe.gateway import READ_SESSION

SESSION: dict[str, Any] = {
    "id": "cs_1",
    "object": "checkout.session",
    "status": "complete",
    "payment_status": "paid",
    "amount_total": 5_000,
    "currency": "sar",
    "expires_at": 1_800_000_000,
}


def read(**changes: Any) -> CheckoutSession:
    """The session with these fields as the gateway reads it."""
    body = msgspec.json.encode({**SESSION, **changes})
    return objects.checkout_session(calls.decoded(READ_SESSION, body))


def test_a_session_without_an_amount_is_read_as_that_of_another_integration() -> None:
    assert read().amount == money.Money(5_000, "SAR")
    saved = read(amount_total=None, currency=None, payment_status="no_payment_required")
    assert (saved.amount, saved.payment, saved.intent) == (None, None, None)


def test_an_unknown_status_word_is_never_read_as_a_known_one() -> None:
    """Fault row 23b: a new word."""
    with pytest.raises(GatewayUnreadable):
        read(status="paused")


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b'{"id": "cs_1"', b"\xff\xfe"])
def test_an_answer_that_is_not_json_is_an_unknown_outcome_that_may_be_asked_again(
    body: bytes,
) -> None:
    with pytest.raises(GatewayTimeout) as caught:
        calls.decoded(READ_SESSION, body)
    assert not isinstance(caught.value, GatewayUnreadable)


@pytest.mark.parametrize("object_id", ["cs_1/expire", "../refunds", "cs_1?expand[]=x", "cs_1#"])
def test_an_id_from_outside_never_addresses_another_endpoint(object_id: str) -> None:
    path = READ_SESSION.path_of(object_id)
    assert path.startswith("/v1/checkout/sessions/")
    assert not set("/?#[]").intersection(path.removeprefix("/v1/checkout/sessions/"))
