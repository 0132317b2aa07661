"""Lists the routes that are flown, and their airports with names in both languages."""

from collections.abc import Sequence

from application.flight_searches import ServedRoute
from application.inventory.airports import Airport
from application.pricing.ports import PricingPorts
from application.queries import AsOf


async def list_routes(ports: PricingPorts) -> tuple[Sequence[ServedRoute], AsOf]:
    """Return the routes with a coming departure, by their airports."""
    return await ports.served_routes(ports.clock())


async def list_airports(ports: PricingPorts) -> tuple[list[Airport], AsOf]:
    """Return the airports of these routes by code."""
    routes, as_of = await list_routes(ports)
    codes = {code for route in routes for code in (route.origin, route.destination)}
    return [ports.airports[code] for code in sorted(codes) if code in ports.airports], as_of
