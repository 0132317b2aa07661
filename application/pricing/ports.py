"""What the use cases of pricing need, handed over by the composition."""

import msgspec

from application.commands.bus import CommandBus
from application.ports import Clock
from application.pricing.quotes import JourneyQuotes
from application.queries import SearchFlights


class PricingPorts(msgspec.Struct, frozen=True):
    """The flights as the log and the read model have them, and the signer of quotes."""

    bus: CommandBus
    clock: Clock
    quotes: JourneyQuotes
    search_flights: SearchFlights
