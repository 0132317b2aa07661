"""Payouts of the available balance, per settlement currency, to the airline's bank account.

An automatic payout pays out known transactions: their net amounts sum up to it. It may be
negative: Stripe then debits the bank account. `paid` is not final: within days the bank may return
the money, which is available again.
Source: https://docs.stripe.com/payouts
"""

import copy
from collections.abc import Iterable
from typing import Literal

import msgspec

from infrastructure.stripe_simulator import balance, changes, currencies
from infrastructure.stripe_simulator.account import NO_REQUEST, Account, Cause
from infrastructure.stripe_simulator.balance import Exchanged, Movement
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import invalid
from infrastructure.stripe_simulator.ids import new_id
from infrastructure.stripe_simulator.shelf import created_matches

DAY_SECONDS = 24 * 3600
SUBMIT, ARRIVE, RECONCILE = "submit_payout", "pay_payout", "reconcile_payout"

# The states before each ending of a payout.
BEFORE: dict[str, frozenset[str]] = {
    "paid": frozenset({"pending", "in_transit"}),
    "failed": frozenset({"pending", "in_transit", "paid"}),
    "canceled": frozenset({"pending"}),
}


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """Pay out what is available now, in one settlement currency or in each."""

    currency: str | None = None


class Ending(msgspec.Struct, forbid_unknown_fields=True):
    """How a payout ends; `code` is Stripe's failure code, for failed ones."""

    payout: str
    status: Literal["paid", "failed"]
    code: str = "account_closed"


def pay_out(account: Account, request: Request) -> list[Json]:
    """Make an automatic payout of the available balance in each currency that has any."""
    balance.make_available(account)
    wanted = request.currency
    known = [wanted.lower()] if wanted is not None else sorted(account.money.funds.available)
    made = (_pay_out_available(account, currency) for currency in known)
    return [payout for payout in made if payout is not None]


def pay_daily(account: Account) -> None:
    """Pay out once after each midnight UTC, if the account is set so."""
    now = account.clock.now()
    midnight = now - now % DAY_SECONDS
    if account.settings.payouts_daily and midnight > account.money.paid_out_until:
        pay_out(account, Request())
    account.money.paid_out_until = midnight


def _pay_out_available(account: Account, currency: str) -> Json | None:
    """Return the payout; None where the transactions that wait for one sum up to nothing."""
    paid_out = account.money.paid_out
    for dropped in paid_out.keys() - account.balance_transactions.objects.keys():
        del paid_out[dropped]
    included = [
        each
        for each in account.balance_transactions.newest_first()
        if each["currency"] == currency
        and each["status"] == "available"
        and each["id"] not in paid_out
    ]
    amount = sum(each["net"] for each in included)
    if amount == 0:
        return None
    payout = _payout(account, amount, currency, automatic=True)
    paid_out.update((each["id"], payout["id"]) for each in included)
    paid_out[payout["balance_transaction"]] = payout["id"]
    account.record("payout.created", payout, NO_REQUEST)
    now = account.clock.now()
    account.schedule(now + account.settings.settlement_lag_seconds, RECONCILE, payout["id"])
    account.schedule(payout["arrival_date"], ARRIVE, payout["id"])
    return payout


def create(account: Account, params: Json, cause: Cause) -> Json:
    """POST /v1/payouts: one by hand, of any amount up to the available balance."""
    currency = currencies.checked_currency(params["currency"], param="currency")
    amount: int = params["amount"]
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.",
            param="amount",
            code="parameter_invalid_integer",
        )
    currencies.check_step(amount, currency, param="amount")
    balance.make_available(account)
    if amount > account.money.funds.available.get(currency, 0):
        raise invalid(
            "You have insufficient funds in your Stripe account for this transfer.",
            code="balance_insufficient",
        )
    payout = _payout(account, amount, currency, automatic=False)
    payout["description"] = params.get("description")
    payout["statement_descriptor"] = params.get("statement_descriptor")
    changes.merge_metadata(payout, params)
    account.record("payout.created", payout, cause)
    now = account.clock.now()
    account.schedule(now - now % DAY_SECONDS + DAY_SECONDS, SUBMIT, payout["id"])
    account.schedule(payout["arrival_date"], ARRIVE, payout["id"])
    return payout


def _payout(account: Account, amount: int, currency: str, *, automatic: bool) -> Json:
    """Make a payout with its balance transaction, which takes the amount at once."""
    now = account.clock.now()
    identifier = new_id("po", 24)
    description = "STRIPE PAYOUT"
    movement = Movement(
        exchanged=Exchanged(-amount, currency),
        type="payout",
        category="payout",
        source=identifier,
        description=description,
    )
    payout: Json = {
        "id": identifier,
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": now - now % DAY_SECONDS + account.settings.payout_days * DAY_SECONDS,
        "automatic": automatic,
        "balance_transaction": balance.move(account, movement)["id"],
        "created": now,
        "currency": currency,
        "description": description,
        "destination": f"ba_simulator_{currency}",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "in_transit" if automatic else "pending",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }
    return account.payouts.put(payout)


def submit(account: Account, identifier: str) -> None:
    """Send a pending payout to the bank."""
    payout = account.payouts.objects.get(identifier)
    if payout is not None and payout["status"] == "pending":
        payout["status"] = "in_transit"
        previous = {"status": "pending"}
        account.record("payout.updated", payout, NO_REQUEST, previous=previous)


def reconcile(account: Account, identifier: str) -> None:
    """Complete the list of what an automatic payout paid out."""
    payout = account.payouts.objects.get(identifier)
    if payout is not None and payout["reconciliation_status"] == "in_progress":
        payout["reconciliation_status"] = "completed"
        account.record("payout.reconciliation_completed", payout, NO_REQUEST)


def arrive(account: Account, identifier: str) -> None:
    """Let a payout that is on its way be paid."""
    payout = account.payouts.objects.get(identifier)
    if payout is not None and payout["status"] in BEFORE["paid"]:
        _pay(account, payout)


def end(account: Account, ending: Ending) -> Json:
    """End a payout as the bank does, even after `paid`; ValueError if impossible."""
    payout = account.payouts.get(ending.payout)
    if payout["status"] not in BEFORE[ending.status]:
        raise ValueError(f"the payout is {payout['status']}")
    if ending.status == "paid":
        return _pay(account, payout)
    payout["failure_code"] = ending.code
    payout["failure_message"] = "The bank account could not receive this payout."
    return _return(account, payout, "failed", NO_REQUEST)


def cancel(account: Account, identifier: str, cause: Cause) -> Json:
    """POST /v1/payouts/{id}/cancel: only a pending one."""
    payout = account.payouts.get(identifier, param="payout")
    if payout["status"] not in BEFORE["canceled"]:
        raise invalid(f"Payouts can be canceled while pending; this one is {payout['status']}.")
    return _return(account, payout, "canceled", cause)


def _pay(account: Account, payout: Json) -> Json:
    before = copy.deepcopy(payout)
    payout["status"] = "paid"
    payout["trace_id"] = {"status": "supported", "value": new_id("trace", 16)[6:]}
    account.record("payout.paid", payout, NO_REQUEST, previous=changes.since(before, payout))
    return payout


def _return(account: Account, payout: Json, status: str, cause: Cause) -> Json:
    """Return the money of a failed or canceled payout to the available balance."""
    kind = "payout_failure" if status == "failed" else "payout_cancel"
    back = balance.reverse(
        account, payout["balance_transaction"], kind=kind, category="payout_reversal"
    )
    payout["failure_balance_transaction"] = None if back is None else back["id"]
    payout["status"] = status
    account.record(f"payout.{status}", payout, cause)
    return payout


def matching(account: Account, params: Json) -> Iterable[Json]:
    """Return the payouts for the list filters, newest first."""
    for payout in account.payouts.created_within(params.get("created")):
        arrival = {"created": payout["arrival_date"]}
        if created_matches(arrival, params.get("arrival_date")) and all(
            params.get(name) in (None, payout[name]) for name in ("destination", "status")
        ):
            yield payout
