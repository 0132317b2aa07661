"""What the use cases of policies need from outside."""

import msgspec

from application.commands.bus import CommandBus


class PolicyPorts(msgspec.Struct, frozen=True):
    """The command bus, by which policies are read, too."""

    bus: CommandBus
