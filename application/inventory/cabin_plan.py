"""The cabins of an aircraft as operations staff plan them."""

from collections.abc import Sequence

import msgspec

from domain.inventory.events import CabinLayout


class PlannedCabin(msgspec.Struct, frozen=True):
    """Physical seats of a cabin (`Y`, `J`); `letters` are those of each row."""

    cabin: str
    seat_count: int
    first_row: int
    letters: str


def layouts(cabins: Sequence[PlannedCabin]) -> tuple[CabinLayout, ...]:
    """Return the seat maps of the cabins."""
    return tuple(
        CabinLayout(each.cabin, each.seat_count, each.first_row, each.letters) for each in cabins
    )
