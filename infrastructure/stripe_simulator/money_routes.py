"""The routes of the API about money: charges, refunds, disputes, payouts, the balance."""

from collections.abc import Iterable

import stripe.params
import stripe.params.radar

from infrastructure.stripe_simulator import balance, disputes, fraud_warnings, payouts, refunds
from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.route import Call, Route, at, fetch, listing
from infrastructure.stripe_simulator.shelf import Shelf

_in = stripe.params
_radar = stripe.params.radar


def _charges(account: Account) -> Shelf:
    return account.charges


def _refunds(account: Account) -> Shelf:
    return account.refunds


def _disputes(account: Account) -> Shelf:
    return account.disputes


def _payouts(account: Account) -> Shelf:
    return account.payouts


def _warnings(account: Account) -> Shelf:
    return account.fraud_warnings


def _matching_charges(account: Account, params: Json) -> Iterable[Json]:
    for charge in account.charges.created_within(params.get("created")):
        if params.get("payment_intent") in (None, charge["payment_intent"]):
            yield charge


def _balance_transaction(call: Call) -> Json:
    balance.make_available(call.account)
    return call.account.balance_transactions.get(call.identifier)


ROUTES: tuple[Route, ...] = (
    at("GET", "charges", _in.ChargeListParams, listing(_charges, _matching_charges)),
    at("GET", "charges/{id}", _in.ChargeRetrieveParams, fetch(_charges, "charge")),
    at(
        "POST", "refunds", _in.RefundCreateParams,
        lambda call: refunds.create(call.account, call.params, plans=call.plans, cause=call.cause),
    ),
    at("GET", "refunds", _in.RefundListParams, listing(_refunds, refunds.matching)),
    at("GET", "refunds/{id}", _in.RefundRetrieveParams, fetch(_refunds, "refund")),
    at(
        "POST", "refunds/{id}", _in.RefundModifyParams,
        lambda call: refunds.update(call.account, call.identifier, call.params, call.cause),
    ),
    at(
        "POST", "refunds/{id}/cancel", _in.RefundCancelParams,
        lambda call: refunds.cancel(call.account, call.identifier, call.cause),
    ),
    at(
        "GET", "radar/early_fraud_warnings", _radar.EarlyFraudWarningListParams,
        listing(_warnings, fraud_warnings.matching),
    ),
    at(
        "GET", "radar/early_fraud_warnings/{id}", _radar.EarlyFraudWarningRetrieveParams,
        fetch(_warnings, "early_fraud_warning"),
    ),
    at("GET", "disputes", _in.DisputeListParams, listing(_disputes, disputes.matching)),
    at("GET", "disputes/{id}", _in.DisputeRetrieveParams, fetch(_disputes, "dispute")),
    at(
        "POST", "disputes/{id}", _in.DisputeModifyParams,
        lambda call: disputes.update(call.account, call.identifier, call.params, call.cause),
    ),
    at(
        "POST", "disputes/{id}/close", _in.DisputeCloseParams,
        lambda call: disputes.close(call.account, call.identifier, call.cause),
    ),
    at(
        "POST", "payouts", _in.PayoutCreateParams,
        lambda call: payouts.create(call.account, call.params, call.cause),
    ),
    at("GET", "payouts", _in.PayoutListParams, listing(_payouts, payouts.matching)),
    at("GET", "payouts/{id}", _in.PayoutRetrieveParams, fetch(_payouts, "payout")),
    at(
        "POST", "payouts/{id}/cancel", _in.PayoutCancelParams,
        lambda call: payouts.cancel(call.account, call.identifier, call.cause),
    ),
    at(
        "GET", "balance_transactions", _in.BalanceTransactionListParams,
        listing(lambda account: account.balance_transactions, balance.matching),
    ),
    at(
        "GET", "balance_transactions/{id}", _in.BalanceTransactionRetrieveParams,
        _balance_transaction,
    ),
    at("GET", "balance", _in.BalanceRetrieveParams, lambda call: balance.balance(call.account)),
)  # fmt: skip
