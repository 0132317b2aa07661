"""How far two airports are apart; the yardstick for block times."""

import math

from application.inventory.airports import Airport

EARTH_RADIUS_KM = 6371


def distance_km(one: Airport, other: Airport) -> float:
    """Length of the great circle between the airports (haversine)."""
    lat1, lat2 = math.radians(one.latitude), math.radians(other.latitude)
    half_lat = (lat2 - lat1) / 2
    half_lon = math.radians(other.longitude - one.longitude) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(chord))
