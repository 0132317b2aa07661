"""The conditions of a fare, as they are shown before and after it is bought."""

import functools
from collections.abc import Sequence

import msgspec

from application.policies.fee_terms import FeeTerms, terms_of
from domain.booking.values import Segment
from domain.inventory.events import Residue
from domain.policies.book import PolicyBook
from domain.policies.values import FeeBand
from domain.pricing import baggage
from domain.pricing.baggage import BaggageAllowance


class FareConditions(msgspec.Struct, frozen=True):
    """What changing, cancelling and missing a flight costs, and what is carried along.

    Fees are in percent of fare and extras with their tax, from the longest notice down; after
    departure nothing is changed. `residue` is where money goes when a change is cheaper. Airport
    charges always come back; for a missed flight nothing else does.
    """

    modification: tuple[FeeBand, ...]
    cancellation: tuple[FeeBand, ...]
    cancellation_percent_after_departure: int
    residue: Residue
    baggage: BaggageAllowance


@functools.lru_cache(256)
def conditions_of(cabin: str, residue: Residue, terms: FeeTerms) -> FareConditions:
    """Return the conditions of a fare class of this cabin with this residue, at these terms."""
    return FareConditions(
        modification=terms.change.bands,
        cancellation=terms.cancellation.bands,
        cancellation_percent_after_departure=terms.cancellation.after_departure_percent,
        residue=residue,
        baggage=baggage.allowance(cabin),
    )


def conditions_of_segments(
    book: PolicyBook, segments: Sequence[Segment]
) -> tuple[FareConditions, ...]:
    """Return the conditions that each segment was quoted or sold under, in order (O4)."""
    return tuple(conditions_of(each.cabin, each.residue, terms_of(book, each)) for each in segments)
