"""The seat map: seats of a cabin by number, from front to back, and the category of each."""

import functools
from typing import Literal

from domain.inventory.events import CabinLayout

Category = Literal["plain", "front", "legroom"]

# Rows of economy that cost extra: the first two, and those at the exits.
FRONT_ROWS = 2
# Where a layout does not record its exit rows: economy has one over the wings.
EXIT_ROW_SHARE = (2, 5)
# Letters of a row between the aisles of an aircraft with two of them (IATA).
TWO_AISLES = ("ABC", "DEFG", "HJKL")
LAST_LETTER_OF_ONE_AISLE = "F"


@functools.lru_cache(256)
def seats(layout: CabinLayout) -> tuple[str, ...]:
    """All seat numbers of the cabin: `12A`, `12B`, …"""
    across = len(layout.letters)
    return tuple(
        f"{layout.first_row + index // across}{layout.letters[index % across]}"
        for index in range(layout.seat_count)
    )


def rows(layout: CabinLayout) -> range:
    """All row numbers of the cabin."""
    count = -(-layout.seat_count // len(layout.letters))
    return range(layout.first_row, layout.first_row + count)


def exit_rows(layout: CabinLayout) -> tuple[int, ...]:
    """The rows at emergency exits: those that are recorded, otherwise one over the wings."""
    if layout.exit_rows is not None:
        return layout.exit_rows
    over_wings = len(rows(layout)) * EXIT_ROW_SHARE[0] // EXIT_ROW_SHARE[1]
    if layout.cabin != "Y" or over_wings < FRONT_ROWS:
        return ()
    return (layout.first_row + over_wings,)


def is_at_exit(layout: CabinLayout, seat: str) -> bool:
    """Whether the seat is in an exit row."""
    return int(seat[:-1]) in exit_rows(layout)


def category(layout: CabinLayout, seat: str) -> Category:
    """The category of a seat; all seats of business are plain."""
    if layout.cabin != "Y":
        return "plain"
    if is_at_exit(layout, seat):
        return "legroom"
    return "front" if int(seat[:-1]) < layout.first_row + FRONT_ROWS else "plain"


def row_side(layout: CabinLayout, seat: str) -> tuple[int, int]:
    """The row, and which of its parts between the aisles the seat is in: one set of oxygen masks.

    With one aisle a row has two halves; with two aisles the letter tells the part.
    """
    row, letter = int(seat[:-1]), seat[-1]
    if max(layout.letters) > LAST_LETTER_OF_ONE_AISLE:
        part = sum(letter > part[-1] for part in TWO_AISLES)
    else:
        part = int(layout.letters.index(letter) >= len(layout.letters) // 2)
    return row, part


@functools.lru_cache(256)
def infant_places(layout: CabinLayout) -> int:
    """How many infants the cabin has masks for: one for each side of a row, none at exits."""
    return len({row_side(layout, seat) for seat in seats(layout) if not is_at_exit(layout, seat)})
