"""Settings of one simulated Stripe account: the only place with default figures."""

from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

API_VERSION = "2026-10-28.endive"

Json: TypeAlias = dict[str, Any]


class WebhookTarget(msgspec.Struct, frozen=True):
    """Where events go, the `whsec_` secret that signs them, and which types are sent."""

    url: str
    secret: str
    events: tuple[str, ...] = ("*",)


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """One account: keys, webhook targets, fees and bounds.

    `fee_fixed` is in hundredths of a major unit of the settlement currency. `exchange_rates` maps
    a presentment currency to the settlement value of one major unit; without a
    `settlement_currency` every charge settles in its own currency.
    """

    api_keys: tuple[str, ...] = ("sk_test_simulator",)
    webhooks: tuple[WebhookTarget, ...] = ()
    public_url: str | None = None
    settlement_currency: str | None = None
    exchange_rates: dict[str, Decimal] = msgspec.field(default_factory=dict)
    fee_basis_points: int = 290
    fee_fixed: int = 100
    retry_delays_seconds: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
    delivery_timeout_seconds: float = 10.0
    delivery_concurrency: int = 16
    objects_limit: int = 10_000
    deliveries_limit: int = 10_000
    body_limit_bytes: int = 256 * 1024
    state_file: str | None = None
