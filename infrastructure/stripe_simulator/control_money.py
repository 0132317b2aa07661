"""The control path of money: settings, refunds at the dashboard, disputes, payouts.

POST settings      changes the named fields of `MoneySettings`; GET shows them, DELETE resets them
POST refunds       a refund made at the dashboard: `charge` (or its PaymentIntent), `amount`,
                   `reason`, `metadata`; it has none of our metadata unless some is given
POST fraud_warnings       an early fraud warning: see `fraud_warnings.Suspicion`
POST disputes             a dispute or an inquiry: see `disputes.Opening`
POST dispute_escalations  turns an inquiry into a dispute, which takes the money
POST dispute_ends         the bank's decision: see `disputes.Ending`
POST corrections          changes the amount of a balance transaction after it was listed, which
                          Stripe never does: what differs then has to be found
POST funds                makes all pending funds available, whatever their day
POST payouts              pays out the available balance: see `payouts.Request`
POST payout_ends          pays or fails a payout, also after it was paid: see `payouts.Ending`
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from infrastructure.stripe_simulator import (
    balance,
    charges,
    currencies,
    disputes,
    fraud_warnings,
    payouts,
    refunds,
)
from infrastructure.stripe_simulator.account import NO_REQUEST, Account
from infrastructure.stripe_simulator.configuration import Json, MoneySettings
from infrastructure.stripe_simulator.wire import Request

_T = TypeVar("_T")


class DashboardRefund(msgspec.Struct, forbid_unknown_fields=True):
    """A refund that a person makes at Stripe's dashboard; without an amount, what is left."""

    charge: str
    amount: int | None = None
    reason: str | None = None
    metadata: dict[str, str] = msgspec.field(default_factory=dict)


class Escalation(msgspec.Struct, forbid_unknown_fields=True):
    """The inquiry that becomes a dispute."""

    dispute: str


def read(request: Request, shape: type[_T]) -> _T:
    """Return the JSON body in this shape; DecodeError otherwise."""
    return msgspec.json.decode(request.body or b"{}", type=shape)


class Correction(msgspec.Struct, forbid_unknown_fields=True):
    """The transaction of a charge, and what Stripe lists from now on, in minor units."""

    charge: str
    amount: int


class MoneyControl:
    """The control routes about money of one account."""

    def __init__(self, account: Account, plans: refunds.RefundPlans) -> None:
        self._account = account
        self._plans = plans
        self.routes: dict[tuple[str, str], Callable[[Request], object]] = {
            ("GET", "settings"): lambda _: account.settings,
            ("POST", "settings"): self._set,
            ("DELETE", "settings"): self._reset,
            ("POST", "refunds"): self._refund,
            ("POST", "fraud_warnings"): self._warn,
            ("POST", "disputes"): self._dispute,
            ("POST", "dispute_escalations"): self._escalate,
            ("POST", "dispute_ends"): self._end_dispute,
            ("POST", "corrections"): self._correct,
            ("POST", "funds"): self._release,
            ("POST", "payouts"): self._pay_out,
            ("POST", "payout_ends"): self._end_payout,
        }

    def _set(self, request: Request) -> MoneySettings:
        wanted = read(request, dict[str, msgspec.Raw])
        kept = msgspec.structs.asdict(self._account.settings)
        known = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in kept.items()}
        merged = msgspec.json.encode({**known, **wanted})
        settings = msgspec.json.decode(merged, type=MoneySettings)
        for charged, exchange in settings.exchanges.items():
            for currency in (charged, exchange.currency):
                if currency != currencies.checked_currency(currency, param="exchanges"):
                    raise ValueError("currencies are in lower case")
        self._account.settings = settings
        return settings

    def _reset(self, _: Request) -> MoneySettings:
        self._account.settings = self._account.configuration.money_settings()
        return self._account.settings

    def _refund(self, request: Request) -> Json:
        wanted = read(request, DashboardRefund)
        charge = charges.named(self._account, wanted.charge)
        params: Json = {"charge": charge["id"], "metadata": wanted.metadata}
        if wanted.amount is not None:
            params["amount"] = wanted.amount
        if wanted.reason is not None:
            params["reason"] = wanted.reason
        return refunds.create(self._account, params, plans=self._plans, cause=NO_REQUEST)

    def _warn(self, request: Request) -> Json:
        return fraud_warnings.warn(self._account, read(request, fraud_warnings.Suspicion))

    def _dispute(self, request: Request) -> Json:
        return disputes.open_dispute(self._account, read(request, disputes.Opening))

    def _escalate(self, request: Request) -> Json:
        return disputes.escalate(self._account, read(request, Escalation).dispute)

    def _end_dispute(self, request: Request) -> Json:
        return disputes.end(self._account, read(request, disputes.Ending))

    def _correct(self, request: Request) -> Json:
        wanted = read(request, Correction)
        transaction = charges.named(self._account, wanted.charge)["balance_transaction"]
        if transaction is None:
            raise ValueError("the charge is not settled yet")
        return balance.correct(self._account, transaction, wanted.amount)

    def _release(self, _: Request) -> Json:
        return balance.release(self._account)

    def _pay_out(self, request: Request) -> Json:
        return {"data": payouts.pay_out(self._account, read(request, payouts.Request))}

    def _end_payout(self, request: Request) -> Json:
        return payouts.end(self._account, read(request, payouts.Ending))
