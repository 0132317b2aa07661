"""Early fraud warnings: a card network suspects a charge before any dispute.

A warning is actionable until its charge is fully refunded or disputed.
"""

import copy
from collections.abc import Iterable
from typing import Literal

import msgspec

from infrastructure.stripe_simulator import changes, charges
from infrastructure.stripe_simulator.account import NO_REQUEST, Account
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.ids import new_id


class Suspicion(msgspec.Struct, forbid_unknown_fields=True):
    """What the network reports about a charge, named by its id or its PaymentIntent's."""

    charge: str
    fraud_type: Literal[
        "card_never_received",
        "fraudulent_card_application",
        "made_with_counterfeit_card",
        "made_with_lost_card",
        "made_with_stolen_card",
        "misc",
        "unauthorized_use_of_card",
    ] = "unauthorized_use_of_card"


def warn(account: Account, suspicion: Suspicion) -> Json:
    """Make a warning about a captured charge; ValueError if there is one already."""
    charge = charges.named(account, suspicion.charge)
    if any(each["charge"] == charge["id"] for each in account.fraud_warnings.newest_first()):
        raise ValueError("the charge has a warning")
    warning: Json = {
        "id": new_id("issfr", 24),
        "object": "radar.early_fraud_warning",
        "actionable": not (charge["refunded"] or charge["disputed"]),
        "charge": charge["id"],
        "created": account.clock.now(),
        "fraud_type": suspicion.fraud_type,
        "livemode": False,
        "payment_intent": charge["payment_intent"],
    }
    account.fraud_warnings.put(warning)
    account.record("radar.early_fraud_warning.created", warning, NO_REQUEST)
    return warning


def close_for(account: Account, charge: Json) -> None:
    """End the warnings of a charge that is refunded or disputed by now."""
    if not (charge["refunded"] or charge["disputed"]):
        return
    for warning in account.fraud_warnings.newest_first():
        if warning["charge"] == charge["id"] and warning["actionable"]:
            before = copy.deepcopy(warning)
            warning["actionable"] = False
            previous = changes.since(before, warning)
            kind = "radar.early_fraud_warning.updated"
            account.record(kind, warning, NO_REQUEST, previous=previous)


def matching(account: Account, params: Json) -> Iterable[Json]:
    """Return the warnings for the list filters charge, created, payment_intent, newest first."""
    for warning in account.fraud_warnings.created_within(params.get("created")):
        if all(params.get(name) in (None, warning[name]) for name in ("charge", "payment_intent")):
            yield warning
