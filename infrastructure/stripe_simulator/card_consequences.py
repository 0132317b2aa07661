"""What follows a payment by one of Stripe's test cards that are disputed or suspected.

A card is known by its last four digits. Source: https://docs.stripe.com/testing#disputes
"""

import contextlib

from infrastructure.stripe_simulator import charges, disputes, fraud_warnings
from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.disputes import Opening
from infrastructure.stripe_simulator.fraud_warnings import Suspicion


def follow(account: Account, identifier: str) -> None:
    """Dispute or suspect a captured charge as its card asks; once for each."""
    charge = account.charges.objects.get(identifier)
    if charge is None:
        return
    # One that the control path has disputed or suspected before is left so.
    with contextlib.suppress(ValueError):
        match charges.last_digits(charge):
            case "0259":
                disputes.open_dispute(account, Opening(identifier))
            case "2685":
                disputes.open_dispute(account, Opening(identifier, reason="product_not_received"))
            case "1976":
                disputes.open_dispute(account, Opening(identifier, inquiry=True))
            case "5423":
                fraud_warnings.warn(account, Suspicion(identifier))
