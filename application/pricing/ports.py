"""What the use cases of pricing need from outside."""

import msgspec

from application.commands.bus import CommandBus
from application.flight_searches import SearchConnections, SearchDays, SearchFlights, ServedRoutes
from application.inventory.airports import Airports
from application.policies.current_policies import CurrentPolicies
from application.ports import Clock
from application.pricing.quotes import JourneyQuotes


class PricingPorts(msgspec.Struct, frozen=True):
    """The flights as the log and the read model have them, the signer of quotes, the airports, and
    the policies in force."""

    bus: CommandBus
    clock: Clock
    quotes: JourneyQuotes
    search_flights: SearchFlights
    search_connections: SearchConnections
    search_days: SearchDays
    served_routes: ServedRoutes
    airports: Airports
    policies: CurrentPolicies
