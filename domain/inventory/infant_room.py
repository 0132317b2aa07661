"""How many infants a flight takes: they take no seat, but a lap, an oxygen mask and a life vest."""

from domain.inventory import seat_map
from domain.inventory.state import Flight

# Infant life vests and belts that every aircraft of the fleet carries.
INFANTS_PER_FLIGHT = 12


def left(flight: Flight, cabin: str, *, booking: str) -> int:
    """How many infants of a booking the cabin takes: up to the limit of the flight, and at most one
    for each side of a row. Those that the booking has on the flight already move to the cabin.
    """
    blocks = [
        block
        for owner, allocation in flight.allocations.items()
        if owner != booking
        for block in (allocation.held, allocation.sold)
        if block is not None and block.infant_count
    ]
    in_flight = INFANTS_PER_FLIGHT - sum(block.infant_count for block in blocks)
    layout = flight.cabins[cabin].layout
    if layout is None:
        return in_flight
    beside = sum(block.infant_count for block in blocks if block.cabin == cabin)
    return min(in_flight, seat_map.infant_places(layout) - beside)
