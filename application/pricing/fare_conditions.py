"""The conditions of a fare, as they are shown before it is bought."""

import functools

import msgspec

from domain.inventory.events import Residue
from domain.pricing import baggage, fees
from domain.pricing.baggage import BaggageAllowance
from domain.pricing.fees import Band


class FareConditions(msgspec.Struct, frozen=True):
    """What changing, cancelling and missing a flight costs, and what is carried along.

    Fees are in percent of fare and extras with their tax, from the longest notice down; after
    departure nothing is changed. `residue` is where money goes when a change is cheaper. Airport
    charges always come back; for a missed flight nothing else does.
    """

    modification: tuple[Band, ...]
    cancellation: tuple[Band, ...]
    cancellation_percent_after_departure: int
    residue: Residue
    baggage: BaggageAllowance


@functools.cache
def conditions_of(cabin: str, residue: Residue) -> FareConditions:
    """Return the conditions of a fare class of this cabin with this residue."""
    return FareConditions(
        modification=fees.MODIFICATION_BANDS,
        cancellation=fees.CANCELLATION_BANDS,
        cancellation_percent_after_departure=fees.CANCELLATION_PERCENT_AFTER_DEPARTURE,
        residue=residue,
        baggage=baggage.allowance(cabin),
    )
