"""What is read of Stripe's objects: those of other integrations too, and no unknown status word."""

from typing import Any

import pytest
import stripe

from application.payment.gateway import GatewayUnreadable
from domain.kernel import money
from infrastructure.stripe import gateway

SESSION: dict[str, Any] = {
    "id": "cs_1",
    "object": "checkout.session",
    "status": "complete",
    "payment_status": "paid",
    "amount_total": 5_000,
    "currency": "sar",
    "expires_at": 1_800_000_000,
}


def read(**changes: Any) -> Any:
    """The session with these fields as the gateway reads it."""
    item = stripe.checkout.Session.construct_from({**SESSION, **changes}, "sk_test")
    return gateway._session(item)


def test_a_session_without_an_amount_is_read_as_that_of_another_integration() -> None:
    assert read().amount == money.Money(5_000, "SAR")
    saved = read(amount_total=None, currency=None, payment_status="no_payment_required")
    assert (saved.amount, saved.payment, saved.intent) == (None, None, None)


def test_an_unknown_status_word_is_never_read_as_a_known_one() -> None:
    with pytest.raises(GatewayUnreadable):
        read(status="paused")
