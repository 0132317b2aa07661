"""What a signed event states by itself: read strictly, or not at all."""

import datetime as dt
from typing import Any

import msgspec
import pytest

from application.payment import signed_facts, stripe_event_types
from application.payment.gateway import VerifiedEvent
from application.payment.record_attempt import Declined, Expired, RecordAttempt
from application.payment.record_capture import RecordCapture
from application.payment.record_refund import Accepted, Failed, NeedsAction, RecordRefund, Settled
from domain.kernel import money

BOOKING = "booking-ABC234"
PAYMENT = "payment-ABC234-1"
ATTEMPT = f"{PAYMENT}-a1"
REFUND = f"{PAYMENT}-r1"
IDS = {"booking": BOOKING, "payment": PAYMENT, "attempt": ATTEMPT}

OBJECTS: dict[str, dict[str, Any]] = {
    "payment_intent.succeeded": {
        "id": "pi_1",
        "object": "payment_intent",
        "status": "succeeded",
        "amount": 50_000,
        "amount_received": 50_000,
        "currency": "sar",
        "latest_charge": "ch_1",
        "metadata": IDS,
    },
    "payment_intent.payment_failed": {
        "id": "pi_1",
        "object": "payment_intent",
        "status": "requires_payment_method",
        "amount": 50_000,
        "currency": "sar",
        "last_payment_error": {"code": "card_declined", "charge": "ch_1"},
        "metadata": IDS,
    },
    "checkout.session.expired": {
        "id": "cs_1",
        "object": "checkout.session",
        "status": "expired",
        "payment_status": "unpaid",
        "metadata": IDS,
    },
    "refund.updated": {
        "id": "re_1",
        "object": "refund",
        "status": "succeeded",
        "amount": 10_000,
        "currency": "sar",
        "payment_intent": "pi_1",
        "charge": "ch_1",
        "metadata": {"booking": BOOKING, "payment": PAYMENT, "refund": REFUND},
    },
}
PAID = {
    "id": "cs_1",
    "object": "checkout.session",
    "status": "complete",
    "payment_status": "paid",
    "payment_intent": "pi_1",
    "metadata": IDS,
}


def event(name: str, content: Any, *, expected_version: bool = True) -> VerifiedEvent:
    """Return a genuine event about this object."""
    return VerifiedEvent(
        id="evt_1",
        type=name,
        api_version="any",
        created=dt.datetime(2026, 11, 26, tzinfo=dt.UTC),
        livemode=False,
        account=None,
        supported=True,
        expected_version=expected_version,
        content=msgspec.json.encode(content),
        object_id="any",
        object_kind="any",
        booking=None,
        payment=None,
        attempt=None,
    )


def fact(name: str, **changes: Any) -> signed_facts.SignedFact | None:
    """Return what the event of this type states with these fields changed."""
    return signed_facts.fact_of(event(name, {**OBJECTS[name], **changes}))


def refund_result(status: str, **changes: Any) -> object:
    """Return the recorded result of a refund in this state."""
    found = fact("refund.updated", status=status, **changes)
    assert found is not None
    assert isinstance(found.command, RecordRefund)
    return found.command.result


def test_each_terminal_event_states_one_command() -> None:
    commands = {name: fact(name) for name in OBJECTS}
    assert {name: found and found.command for name, found in commands.items()} == {
        "payment_intent.succeeded": RecordCapture(
            payment_id=PAYMENT,
            booking_id=BOOKING,
            attempt=ATTEMPT,
            intent="pi_1",
            charge="ch_1",
            amount=money.Money(50_000, "SAR"),
            from_signed_event=True,
            paid_at=dt.datetime(2026, 11, 26, tzinfo=dt.UTC),
        ),
        "payment_intent.payment_failed": RecordAttempt(
            PAYMENT, ATTEMPT, Declined(intent="pi_1", charge="ch_1", code="card_declined")
        ),
        "checkout.session.expired": RecordAttempt(PAYMENT, ATTEMPT, Expired()),
        "refund.updated": RecordRefund(PAYMENT, REFUND, Settled("re_1")),
    }


def test_each_state_of_a_refund_states_its_own_result() -> None:
    assert refund_result("pending") == Accepted("re_1")
    assert refund_result("requires_action") == NeedsAction("re_1")
    assert refund_result("succeeded") == Settled("re_1")
    assert refund_result("failed", failure_reason="lost_or_stolen_card") == Failed(
        "re_1", "lost_or_stolen_card"
    )
    assert refund_result("canceled") == Failed("re_1", "canceled")


@pytest.mark.parametrize("name", OBJECTS)
def test_an_event_of_another_version_is_a_hint(name: str) -> None:
    other = event(name, OBJECTS[name], expected_version=False)
    assert signed_facts.fact_of(other) is None


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("value", [..., None, "other", 0, -1, 1.5, True, [], {}])
def test_a_field_that_is_missing_or_of_another_form_makes_the_event_a_hint(
    name: str, value: Any
) -> None:
    for field, known in OBJECTS[name].items():
        if value == "other" and field in {"id", "latest_charge", "payment_intent", "charge"}:
            continue  # the form of an id: whether it is ours is decided on our records
        content = {**OBJECTS[name], field: value}
        if value is ...:
            del content[field]
        assert known != value
        assert signed_facts.fact_of(event(name, content)) is None, field


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize(
    "foreign",
    [
        {"booking": "42"},
        {"booking": "booking-abc234"},
        {"booking": "booking-ABC235"},
        {"payment": "a gift card"},
        {"payment": "payment-ABC234-2"},
        {"payment": BOOKING},
        {"attempt": "1", "refund": "1"},
        {"attempt": "payment-ABC234-2-a1", "refund": "payment-ABC234-2-r1"},
        {"booking": None},
    ],
)
def test_ids_that_are_not_ours_or_do_not_belong_together_make_the_event_a_hint(
    name: str, foreign: dict[str, Any]
) -> None:
    metadata = {**OBJECTS[name]["metadata"], **foreign}
    assert fact(name, metadata=metadata) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{" * 5_000])
def test_content_that_cannot_be_read_is_a_hint_and_never_an_error(content: bytes) -> None:
    for name in stripe_event_types.PROCESSED:
        unreadable = msgspec.structs.replace(event(name, {}), content=content)
        assert signed_facts.fact_of(unreadable) is None
        assert signed_facts.awaited_capture(unreadable) is None


@pytest.mark.parametrize("name", sorted(stripe_event_types.SUPPORTED - OBJECTS.keys()))
def test_every_other_type_states_nothing_by_itself(name: str) -> None:
    if name in stripe_event_types.REFUND:
        return
    for content in (*OBJECTS.values(), PAID):
        assert signed_facts.fact_of(event(name, content)) is None


def test_a_paid_session_awaits_the_capture_of_its_intent() -> None:
    awaited = signed_facts.AwaitedCapture(PAYMENT, "pi_1")
    for name in stripe_event_types.PAID:
        assert signed_facts.awaited_capture(event(name, PAID)) == awaited
        for change in ({"payment_status": "unpaid"}, {"payment_intent": None}, {"metadata": {}}):
            assert signed_facts.awaited_capture(event(name, {**PAID, **change})) is None
    failed = event("checkout.session.async_payment_failed", PAID)
    assert signed_facts.awaited_capture(failed) is None
