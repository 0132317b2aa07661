"""The regimes of passenger rights that were in force at a departure."""

import datetime as dt
from collections.abc import Sequence

from application import ports
from application.commands import stream_kinds
from domain.compensation.regimes import Band, Regime
from domain.kernel.money import Money
from domain.policies.book import PolicyBook
from domain.policies.compensation_values import (
    Compensation,
    CompensationBand,
    CompensationRegime,
)
from domain.policies.scope import ANY_SALE
from domain.policies.state import of_launch
from domain.policies.values import stream_of

STREAM = stream_of("compensation")


def regimes_at(history: Sequence[ports.RecordedEvent], *, at: dt.datetime) -> tuple[Regime, ...]:
    """Return the regimes in force at this instant; `history` is that of the policy's stream."""
    policy = (
        stream_kinds.state_after(stream_kinds.POLICY, history)
        if history
        else of_launch("compensation")
    )
    book = PolicyBook({"compensation": policy})
    version = book.in_force("compensation", ANY_SALE, at=at).number
    return tuple(_regime(each, version) for each in book.value(Compensation, version).regimes)


def _regime(regime: CompensationRegime, version: int) -> Regime:
    return Regime(
        version=version,
        name=regime.name,
        since=regime.since,
        origins=frozenset(regime.origins),
        destinations=frozenset(regime.destinations),
        excused=frozenset(regime.excused),
        bands=tuple(_band(each) for each in regime.bands),
    )


def _band(band: CompensationBand) -> Band:
    hours = band.notice_hours
    fixed = None
    if band.amount is not None:
        assert band.currency is not None, "the amount of a published band has a currency"
        fixed = Money(band.amount, band.currency)
    return Band(
        cause=band.cause,
        amount=fixed,
        percent=band.percent,
        delay=dt.timedelta(hours=band.delay_hours),
        notice=None if hours is None else dt.timedelta(hours=hours),
        distance_km=band.distance_km,
    )
