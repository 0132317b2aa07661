"""An airport: its position and its time zone."""

from collections.abc import Mapping

import msgspec


class Airport(msgspec.Struct, frozen=True):
    """One IATA airport. `zone` is an IANA name; `country` has two letters (ISO 3166); degrees."""

    code: str
    name: str
    city: str
    country: str
    zone: str
    latitude: float
    longitude: float


Airports = Mapping[str, Airport]
"""Airports by IATA code."""
