"""Arabic names of the airports in and around the airline's network, from `arabic_names.csv`.

Each row names its source: OpenTravelData (github.com/opentraveldata, `optd_por_public_ar.csv`, from
GeoNames, CC BY 4.0) where that has city and airport as travellers write them, else the airline.
"""

import csv
import importlib.resources
from typing import NamedTuple


class ArabicName(NamedTuple):
    """What a city and its airport are called."""

    city: str
    name: str


def load_arabic_names() -> dict[str, ArabicName]:
    """Return the names by IATA code."""
    folder = importlib.resources.files("infrastructure.airports")
    lines = (folder / "arabic_names.csv").read_text("utf-8").splitlines()
    return {row["code"]: ArabicName(row["city"], row["name"]) for row in csv.DictReader(lines)}
