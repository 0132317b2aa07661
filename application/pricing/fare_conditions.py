"""The conditions of a fare, as they are shown before and after it is bought."""

import functools
from collections.abc import Sequence

import msgspec

from application.policies.fee_terms import FeeTerms, terms_of
from domain.booking.values import Segment
from domain.inventory.events import Residue
from domain.policies.bands import FeeBand
from domain.policies.book import PolicyBook
from domain.policies.fare_families import BaggageAllowance, FareFamily


class FareConditions(msgspec.Struct, frozen=True):
    """What changing, cancelling and missing a flight costs, and what is carried along.

    Fees are in percent of fare and extras with their tax, from the longest notice down; after
    departure nothing is changed, and nothing ever is of a fare that has no bands of `modification`.
    `residue` is where money goes when a change is cheaper. Airport charges always come back; for a
    missed flight nothing else does.
    """

    family: FareFamily
    modification: tuple[FeeBand, ...]
    cancellation: tuple[FeeBand, ...]
    cancellation_percent_after_departure: int
    residue: Residue

    @property
    def baggage(self) -> BaggageAllowance:
        """What a passenger with a seat takes along at no extra price."""
        return self.family.baggage

    @property
    def refundable(self) -> bool:
        """Whether a cancellation leaves something of fare and extras at the longest notice."""
        return self.cancellation[0].percent < 100


@functools.lru_cache(256)
def conditions_of(residue: Residue, terms: FeeTerms) -> FareConditions:
    """Return the conditions of a fare class with this residue, at these terms."""
    return FareConditions(
        family=terms.family,
        modification=terms.change.bands if terms.family.modifiable else (),
        cancellation=terms.cancellation.bands,
        cancellation_percent_after_departure=terms.cancellation.after_departure_percent,
        residue=terms.family.residue or residue,
    )


def conditions_of_segments(
    book: PolicyBook, segments: Sequence[Segment]
) -> tuple[FareConditions, ...]:
    """Return the conditions that each segment was quoted or sold under, in order (O4)."""
    return tuple(conditions_of(each.residue, terms_of(book, each)) for each in segments)


def fare_basis(fare_class: str, family: FareFamily) -> str:
    """Return the fare basis of a class, as tickets have it: its letter and that of the family."""
    return fare_class + family.fare_basis
