"""The channel that a caller uses, as check-ins are recorded and boarding passes printed with it.

Policy: it follows from the role. The gate works at the airport, other staff in an office of the
airline; a travel agent is a third party.
"""

from collections.abc import Mapping

from application.identity.ports import Principal
from domain.booking.values import Channel
from domain.identity.roles import Role

CHANNELS: Mapping[Role, Channel] = {
    "customer": "web",
    "agent": "third_party",
    "support": "town_agent",
    "ops": "town_agent",
    "gate": "airport_agent",
    "finance": "town_agent",
    "auditor": "town_agent",
    "admin": "airport_agent",
}


def channel_of(principal: Principal) -> Channel:
    """Return the channel of the caller."""
    return CHANNELS[principal.role]
