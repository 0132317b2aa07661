"""What a passenger takes along at no extra price, by cabin, as dated policy data.

Figures of the airline since the launch: one bag of 23 kg in economy, two of 32 kg in business (the
heaviest that a handler lifts, IATA), and a piece of 7 kg or two for the cabin.
"""

import msgspec


class BaggageAllowance(msgspec.Struct, frozen=True):
    """Pieces of a passenger with a seat, and what each of them may weigh, in kilograms."""

    checked_pieces: int
    checked_kilograms: int
    cabin_pieces: int
    cabin_kilograms: int


_ALLOWANCES = {"Y": BaggageAllowance(1, 23, 1, 7), "J": BaggageAllowance(2, 32, 2, 7)}


def allowance(cabin: str) -> BaggageAllowance:
    """Return the allowance of a cabin."""
    return _ALLOWANCES[cabin]
