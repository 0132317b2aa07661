"""What a payer is told about a declined card, for every code that Stripe lists."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payment import declines
from infrastructure.stripe_simulator import cards
from interfaces.http import decline_words

# The table of docs.stripe.com/declines/codes, as of API version 2026-10-28.
LISTED = [
    "authentication_required",
    "authentication_not_handled",
    "approve_with_id",
    "call_issuer",
    "card_not_supported",
    "card_velocity_exceeded",
    "currency_not_supported",
    "do_not_honor",
    "do_not_try_again",
    "duplicate_transaction",
    "expired_card",
    "fraudulent",
    "generic_decline",
    "incorrect_address",
    "incorrect_cvc",
    "incorrect_number",
    "incorrect_pin",
    "incorrect_zip",
    "insufficient_funds",
    "invalid_account",
    "invalid_amount",
    "invalid_cvc",
    "invalid_expiry_month",
    "invalid_expiry_year",
    "invalid_number",
    "invalid_pin",
    "issuer_not_available",
    "lost_card",
    "merchant_blacklist",
    "mobile_device_authentication_required",
    "new_account_information_available",
    "no_action_taken",
    "not_permitted",
    "offline_pin_required",
    "online_or_offline_pin_required",
    "pickup_card",
    "pin_try_exceeded",
    "previously_declined_do_not_retry",
    "processing_error",
    "reenter_transaction",
    "restricted_card",
    "revocation_of_all_authorizations",
    "revocation_of_authorization",
    "security_violation",
    "service_not_allowed",
    "stolen_card",
    "stop_payment_order",
    "testmode_decline",
    "transaction_not_allowed",
    "try_again_later",
    "withdrawal_count_limit_exceeded",
]
# What Stripe asks to show as a refusal without a reason.
SECRET = ("fraudulent", "lost_card", "merchant_blacklist", "stolen_card", "pickup_card")
SUSPICIONS = ("stolen", "lost", "fraud", "suspici", "black", "مسروق", "مفقود", "احتيال", "اشتباه")


@pytest.mark.parametrize("code", LISTED)
def test_every_code_of_stripes_list_has_a_kind_a_next_step_and_texts(code: str) -> None:
    assert code in declines.KINDS
    found = declines.decline_of(code)
    assert found.next_step == declines.NEXT_STEPS[found.kind]
    texts = decline_words.TEXTS[found.kind]
    assert texts.en
    assert texts.ar


def test_every_kind_occurs_and_every_step_follows_from_one() -> None:
    kinds = {declines.decline_of(code).kind for code in LISTED}
    assert kinds == set(get_args(declines.Kind)) == declines.NEXT_STEPS.keys()
    assert kinds == decline_words.TEXTS.keys()
    assert set(declines.NEXT_STEPS.values()) == set(get_args(declines.NextStep))


def test_no_code_has_two_kinds() -> None:
    codes = [code for codes in declines._CODES.values() for code in codes]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("code", SECRET)
def test_no_payer_learns_that_a_card_is_stolen_or_fraud_is_suspected(code: str) -> None:
    assert declines.decline_of(code) == declines.decline_of("generic_decline")


def test_no_text_contains_a_suspicion() -> None:
    for texts in decline_words.TEXTS.values():
        for text in (texts.en.lower(), texts.ar):
            assert not any(word in text for word in SUSPICIONS)


@given(st.text(max_size=40))
def test_an_unknown_code_is_a_refusal_without_a_reason(code: str) -> None:
    if code not in declines.KINDS:
        assert declines.decline_of(code) == declines.decline_of("generic_decline")


def test_the_cards_of_the_simulator_decline_with_listed_codes() -> None:
    codes = {each.decline_code or each.code for each in cards.CARDS.values()} - {None}
    assert len(codes) > 5
    assert codes <= declines.KINDS.keys()
