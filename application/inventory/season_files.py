"""A schedule as a file: what a reader of any form returns, and what a writer takes."""

from collections.abc import Callable
from typing import Literal

import msgspec

from domain.inventory.season import LineError, Season

FileForm = Literal["ssim", "csv"]


class SeasonFile(msgspec.Struct, frozen=True):
    """A file that was read: `lines` are those of the season's legs, counted from 1.

    `season` has the legs without an error, so that what else is wrong with them can be found; it is
    None if there are none. A file with any of the `errors` is refused as a whole.
    """

    season: Season | None
    lines: tuple[int, ...] = ()
    errors: tuple[LineError, ...] = ()


ReadSeasonFile = Callable[[str], SeasonFile]
"""Reads a file of either form; pure."""

WriteSeasonFile = Callable[[Season, FileForm], str]
"""Writes a season with at least one leg; reading the text returns the season again."""
