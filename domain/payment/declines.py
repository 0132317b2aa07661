"""What a payer is told about a declined payment: a few plain kinds, and what to do.

Source: Stripe, *Decline codes* (docs.stripe.com/declines/codes) and the codes of card errors
(docs.stripe.com/error-codes). Stripe asks not to tell a payer that a card was reported lost or
stolen, or that fraud is suspected: those look exactly like a refusal without a reason.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

Kind = Literal[
    "bank_refused",
    "card_not_accepted",
    "limit_reached",
    "details_wrong",
    "authentication_needed",
    "temporary",
    "paid_just_now",
]
NextStep = Literal[
    "try_another_card",
    "contact_your_bank",
    "check_the_card_details",
    "authenticate_again",
    "wait_and_try_again",
]


class Decline(msgspec.Struct, frozen=True):
    """Why the last card was declined as far as its payer may know, and what can be done."""

    kind: Kind
    next_step: NextStep


NEXT_STEPS: Mapping[Kind, NextStep] = {
    "bank_refused": "contact_your_bank",
    "card_not_accepted": "try_another_card",
    "limit_reached": "try_another_card",
    "details_wrong": "check_the_card_details",
    "authentication_needed": "authenticate_again",
    "temporary": "wait_and_try_again",
    "paid_just_now": "wait_and_try_again",
}

_CODES: Mapping[Kind, tuple[str, ...]] = {
    "bank_refused": (
        *("call_issuer", "do_not_honor", "do_not_try_again", "generic_decline", "card_declined"),
        *("no_action_taken", "not_permitted", "revocation_of_all_authorizations"),
        *("revocation_of_authorization", "service_not_allowed", "stop_payment_order"),
        *("debit_not_authorized", "bank_account_restricted"),
        *("transaction_not_allowed", "previously_declined_do_not_retry", "invalid_account"),
        # Never told from the others.
        *("fraudulent", "lost_card", "merchant_blacklist", "pickup_card", "restricted_card"),
        *("security_violation", "stolen_card"),
    ),
    "card_not_accepted": (
        *("card_not_supported", "currency_not_supported", "expired_card", "testmode_decline"),
        *("new_account_information_available", "offline_pin_required"),
        *("online_or_offline_pin_required", "pin_try_exceeded", "country_code_invalid"),
        *("card_decline_rate_limit_exceeded", "account_closed", "no_account"),
    ),
    "limit_reached": (
        *("insufficient_funds", "card_velocity_exceeded", "withdrawal_count_limit_exceeded"),
        *("invalid_amount", "amount_too_large"),
    ),
    "details_wrong": (
        *("incorrect_address", "incorrect_cvc", "incorrect_number", "incorrect_pin"),
        *("incorrect_zip", "invalid_cvc", "invalid_expiry_month", "invalid_expiry_year"),
        *("invalid_number", "invalid_pin", "postal_code_invalid"),
    ),
    "authentication_needed": (
        *("authentication_required", "authentication_not_handled"),
        *("mobile_device_authentication_required", "payment_intent_authentication_failure"),
    ),
    "temporary": (
        *("approve_with_id", "issuer_not_available", "processing_error", "reenter_transaction"),
        *("try_again_later", "payment_method_provider_timeout"),
    ),
    "paid_just_now": ("duplicate_transaction",),
}
KINDS: Mapping[str, Kind] = {code: kind for kind, codes in _CODES.items() for code in codes}


def decline_of(code: str) -> Decline:
    """Return what the payer is told of a code of Stripe; of an unknown one that the bank refused,
    as Stripe advises for a decline without a reason.
    """
    kind = KINDS.get(code, "bank_refused")
    return Decline(kind, NEXT_STEPS[kind])
