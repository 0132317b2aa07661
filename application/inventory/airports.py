"""An airport: its names, its position and its time zone."""

from collections.abc import Mapping

import msgspec


class Airport(msgspec.Struct, frozen=True):
    """One IATA airport. `zone` is an IANA name; `country` has two letters (ISO 3166); degrees.

    Names are English; the Arabic ones are "" where nobody has written them.
    """

    code: str
    name: str
    city: str
    country: str
    zone: str
    latitude: float
    longitude: float
    arabic_name: str = ""
    arabic_city: str = ""


Airports = Mapping[str, Airport]
"""Airports by IATA code."""
