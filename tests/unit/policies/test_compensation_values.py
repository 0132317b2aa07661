"""The table of passenger rights: that of the launch, and what no table may say."""

import datetime as dt
import hashlib

import msgspec
import pytest

from domain.compensation import regimes
from domain.inventory import operations
from domain.policies import rejections
from domain.policies.compensation_values import (
    COMPENSATION,
    LEAST_DELAY_HOURS,
    REASON_CODES,
    Compensation,
    CompensationBand,
    CompensationRegime,
    require_valid,
)

FIRST = dt.date(2026, 1, 1)
LAUNCH_DIGEST = "cf17cfeb7bed8f33f6d78ea42612cea841934261b9ad435b2aa6f0c9617d97c3"
BAND = CompensationBand("cancelled", percent=50)


def regime(
    *bands: CompensationBand,
    name: str = "GACA",
    origins: tuple[str, ...] = ("SA",),
    excused: tuple[str, ...] = (),
) -> CompensationRegime:
    return CompensationRegime(name, FIRST, origins, (), excused, bands)


def test_the_table_of_the_launch_never_changes() -> None:
    """Claims that name no version were assessed by it."""
    stored = msgspec.json.encode(COMPENSATION, order="deterministic")
    assert hashlib.sha256(stored).hexdigest() == LAUNCH_DIGEST
    require_valid(COMPENSATION)


def test_what_is_excused_is_what_operations_give_as_a_reason() -> None:
    assert set(operations.REASONS) == REASON_CODES
    assert dt.timedelta(hours=LEAST_DELAY_HOURS) == regimes.LEAST_DELAY


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ((regime(BAND),) * 2, "twice_in_the_table"),
        (tuple(regime(BAND, name=f"LAW{each}") for each in range(21)), "table_too_long"),
        ((regime(*(BAND,) * 41),), "table_too_long"),
        ((regime(BAND, origins=()),), "not_a_country"),
        ((regime(BAND, origins=("KSA",)),), "not_a_country"),
        ((regime(BAND, name="Noura Alharbi"),), "not_a_regime"),
        ((regime(BAND, excused=("rain",)),), "unknown_reason"),
        ((regime(CompensationBand("cancelled")),), "amount_or_percent"),
        ((regime(CompensationBand("cancelled", amount=5, percent=5)),), "amount_or_percent"),
        ((regime(CompensationBand("cancelled", 5, "SAR", percent=5)),), "amount_or_percent"),
        ((regime(CompensationBand("cancelled", 5, "ZZZ")),), "unknown_currency"),
        ((regime(CompensationBand("cancelled", 5, "KWD")),), "not_chargeable"),
        ((regime(CompensationBand("delayed", 5, "SAR")),), "figure_out_of_range"),
        ((regime(CompensationBand("cancelled", percent=1_001)),), "figure_out_of_range"),
    ],
)
def test_a_table_that_no_claim_can_be_assessed_by_is_refused(
    value: tuple[CompensationRegime, ...], reason: str
) -> None:
    with pytest.raises(rejections.InvalidPolicy) as refused:
        require_valid(Compensation(value))
    assert refused.value.parameters["reason"] == reason
