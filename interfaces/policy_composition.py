"""Builds what the use cases of policies need, for the web role and `ais policies`."""

from application.commands.bus import CommandBus
from application.policies.ports import PolicyPorts
from infrastructure.event_store.audited_log import PostgresAuditedLog
from infrastructure.postgres.pool import Pool
from interfaces.composition import utc_now


def policies_on(pool: Pool, bus: CommandBus) -> PolicyPorts:
    """Return the ports on this pool and bus."""
    return PolicyPorts(bus=bus, log=PostgresAuditedLog(pool), clock=utc_now)
