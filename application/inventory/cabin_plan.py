"""The cabins of an aircraft as operations staff plan them."""

from collections.abc import Sequence

import msgspec

from domain.inventory import seat_map
from domain.inventory.events import CabinLayout


class PlannedCabin(msgspec.Struct, frozen=True):
    """Physical seats of a cabin (`Y`, `J`); `letters` are those of each row.

    `exit_rows` are at emergency exits; None for the one over the wings.
    """

    cabin: str
    seat_count: int
    first_row: int
    letters: str
    exit_rows: tuple[int, ...] | None = None


def layouts(cabins: Sequence[PlannedCabin]) -> tuple[CabinLayout, ...]:
    """Return the seat maps of the cabins."""
    planned = [
        CabinLayout(each.cabin, each.seat_count, each.first_row, each.letters, each.exit_rows)
        for each in cabins
    ]
    return tuple(
        msgspec.structs.replace(each, exit_rows=seat_map.exit_rows(each)) for each in planned
    )
