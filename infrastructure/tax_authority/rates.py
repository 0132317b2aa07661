"""Rates of currencies into riyals, from a dated table."""

import datetime as dt
from collections.abc import Iterable

from domain.invoicing.rates import TaxRate


class RateTable:
    """`application.invoicing.ports.TaxRates`: the latest rate of a currency on a day."""

    def __init__(self, rates: Iterable[TaxRate]) -> None:
        self._rates = sorted(rates, key=lambda rate: rate.since)

    def __call__(self, currency: str, day: dt.date) -> TaxRate | None:
        """Return the rate; None where the table has none that is in force."""
        known = [rate for rate in self._rates if rate.currency == currency and rate.since <= day]
        return known[-1] if known else None
