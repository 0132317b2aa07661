"""What the use cases of policies need from outside."""

import msgspec

from application.audit.ports import AuditedLog
from application.commands.bus import CommandBus
from application.ports import Clock


class PolicyPorts(msgspec.Struct, frozen=True):
    """The command bus, by which policies are read, too; the log, for a preview."""

    bus: CommandBus
    log: AuditedLog
    clock: Clock
