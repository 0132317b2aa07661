"""Settings of one simulated Stripe account: the only place with default figures."""

from decimal import Decimal
from typing import Any, Literal, TypeAlias

import msgspec

API_VERSION = "2026-10-28.endive"

RATE_DIGITS_LIMIT = 15
# Requests a second of an account, and of each of its endpoints.
ACCOUNT_LIMITS: dict[str, int] = {"live": 100, "sandbox": 25}
ENDPOINT_LIMIT = 25

# Stripe repeats a failed delivery for up to three days with gaps that grow, and three times over
# some hours in a sandbox (https://docs.stripe.com/webhooks); it does not publish the gaps.
# Here they double from a second to half a day.
LIVE_GAPS_SECONDS = (*(float(1 << tries) for tries in range(16)), *(43_200.0,) * 4)
SANDBOX_GAPS_SECONDS = (300.0, 3_600.0, 7_200.0)

Json: TypeAlias = dict[str, Any]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests a second: those of a `mode` of Stripe, or figures of one's own; None is no limit."""

    mode: Literal["live", "sandbox"] | None = None
    account: int | None = None
    endpoint: int | None = None

    def of_account(self) -> int | None:
        return self.account if self.mode is None else ACCOUNT_LIMITS[self.mode]

    def of_endpoint(self) -> int | None:
        return self.endpoint if self.mode is None else ENDPOINT_LIMIT


class WebhookTarget(msgspec.Struct, frozen=True):
    """Where events go, the `whsec_` secret that signs them, and which types are sent."""

    url: str
    secret: str
    events: tuple[str, ...] = ("*",)


class Exchange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settlement currency of a charge currency, and what one major unit is worth in it.

    A rate has at most 15 digits: as many as a JSON number keeps exactly.
    """

    currency: str
    rate: Decimal

    def __post_init__(self) -> None:
        if not self.rate.is_finite() or self.rate <= 0:
            raise ValueError("a rate is more than 0")
        if len(self.rate.as_tuple().digits) > RATE_DIGITS_LIMIT:
            raise ValueError(f"a rate has at most {RATE_DIGITS_LIMIT} digits")


class MoneySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How money moves in the account; the control path may replace it while the account runs.

    `exchanges` maps a charge currency to where it settles; any other settles in itself. With
    `settlement_lag_seconds` 0 an asynchronous capture reaches the balance, and the list of a payout
    is complete, by the next request.
    With `refunds_wait_for_balance` a refund of more than the available balance stays pending until
    there is enough. `payouts_daily` pays out at midnight UTC what is available; a payout arrives
    after `payout_days`. Evidence in a dispute is due after `evidence_days`. `dispute_fee` is in
    hundredths of a major unit of the settlement currency.
    """

    exchanges: dict[str, Exchange] = msgspec.field(default_factory=dict)
    settlement_lag_seconds: int = 0
    refunds_wait_for_balance: bool = False
    payouts_daily: bool = False
    payout_days: int = 2
    evidence_days: int = 7
    dispute_fee: int = 1_500

    def __post_init__(self) -> None:
        figures = (
            self.settlement_lag_seconds,
            self.payout_days,
            self.evidence_days,
            self.dispute_fee,
        )
        if min(figures) < 0:
            raise ValueError("no figure is less than 0")


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """One account: keys, webhook targets, fees and bounds.

    `fee_fixed` is in hundredths of a major unit of the settlement currency. `exchange_rates` maps
    a presentment currency to the settlement value of one major unit; a currency without a rate
    settles in itself, and so does every currency without a `settlement_currency`.
    `payment_method_types` are switched on in the account; the bank of a delayed one answers after
    `delayed_answer_seconds`.
    """

    api_keys: tuple[str, ...] = ("sk_test_simulator",)
    webhooks: tuple[WebhookTarget, ...] = ()
    public_url: str | None = None
    payment_method_types: tuple[str, ...] = ("card", "us_bank_account")
    settlement_currency: str | None = None
    exchange_rates: dict[str, Decimal] = msgspec.field(default_factory=dict)
    fee_basis_points: int = 290
    fee_fixed: int = 100
    delayed_answer_seconds: int = 4 * 24 * 3600
    retry_delays_seconds: tuple[float, ...] = LIVE_GAPS_SECONDS
    delivery_timeout_seconds: float = 10.0
    delivery_concurrency: int = 64
    objects_limit: int = 10_000
    deliveries_limit: int = 10_000
    body_limit_bytes: int = 256 * 1024
    limits: Limits = Limits()
    state_file: str | None = None

    def money_settings(self) -> MoneySettings:
        """Return the settings with which the account begins."""
        target = self.settlement_currency
        if target is None:
            return MoneySettings()
        rates = self.exchange_rates.items()
        exchanges = {name: Exchange(target, rate) for name, rate in rates if name != target}
        return MoneySettings(exchanges=exchanges)
