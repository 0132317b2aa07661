"""The seat map: seats of a cabin by number, from front to back, and the category of each."""

import functools
from typing import Literal

from domain.inventory.events import CabinLayout

Category = Literal["plain", "front", "legroom"]

# Rows of economy that cost extra: the first two, and the exit row over the wings.
FRONT_ROWS = 2
EXIT_ROW_SHARE = (2, 5)


@functools.lru_cache(256)
def seats(layout: CabinLayout) -> tuple[str, ...]:
    """All seat numbers of the cabin: `12A`, `12B`, …"""
    across = len(layout.letters)
    return tuple(
        f"{layout.first_row + index // across}{layout.letters[index % across]}"
        for index in range(layout.seat_count)
    )


def category(layout: CabinLayout, seat: str) -> Category:
    """The category of a seat; all seats of business are plain."""
    if layout.cabin != "Y":
        return "plain"
    row = int(seat[:-1])
    if row < layout.first_row + FRONT_ROWS:
        return "front"
    rows = -(-layout.seat_count // len(layout.letters))
    exit_row = layout.first_row + rows * EXIT_ROW_SHARE[0] // EXIT_ROW_SHARE[1]
    return "legroom" if row == exit_row else "plain"
